#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dti/domain/messages.hpp"
#include "dti/domain/pool.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

/// Opens a semester while the server runs. It is a barrier: everything that arrived before it is committed first, and
/// nothing that arrived after it is decided until the store has answered.
struct OpenSemester {
  std::string name;
  Capacity capacity;

  friend bool operator==(const OpenSemester&, const OpenSemester&) = default;
};

/// A change that a client asks the leader for. Commands take effect in order of arrival.
/// Source: docs/adr/0017-commands-and-barriers.md
using Command = std::variant<AllocationRequest, OpenSemester>;

/// How an OpenSemester was answered. Without an error, the store has the semester, open and with that capacity, whether
/// this command opened it or an earlier one.
struct OpenSemesterOutcome {
  std::optional<RequestError> error;

  friend bool operator==(const OpenSemesterOutcome&, const OpenSemesterOutcome&) = default;
};

/// Why no store opens such a semester: a name that is refused, or a capacity out of range. Rests on no state.
[[nodiscard]] std::optional<RequestError> fault_of(const OpenSemester& command);

/// Decides the command by the semesters of the store.
/// @param stored  open and closed
/// @return none: the semester is to be opened
[[nodiscard]] std::optional<OpenSemesterOutcome> decide(const OpenSemester& command,
                                                        const std::vector<StoredSemester>& stored);

/// The refusal of a command whose semester the store has, although the server does not serve it.
[[nodiscard]] RequestError exists_unserved(const OpenSemester& command);

}  // namespace dti
