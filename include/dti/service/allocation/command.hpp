#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dti/domain/messages.hpp"
#include "dti/domain/office_command.hpp"
#include "dti/domain/pool.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

/// Opens a semester while the server runs. It is a barrier: everything that arrived before it is committed first, and
/// nothing that arrived after it is decided until the store has answered.
struct OpenSemester {
  std::string name;
  Capacity capacity;
  bool is_dry_run = false;  // decide it, and change nothing

  friend bool operator==(const OpenSemester&, const OpenSemester&) = default;
};

/// A change that a client requests from the leader. Commands take effect in the order of arrival.
/// Source: docs/adr/0017-commands-and-barriers.md
using Command = std::variant<AllocationRequest, OpenSemester, OfficeCommand>;

/// The outcome of an OpenSemester. Without an error, the store has the semester, open and with that capacity. This
/// command or an earlier one has opened it. After a dry run, it may also be one that could be opened.
struct OpenSemesterOutcome {
  std::optional<RequestError> error;

  friend bool operator==(const OpenSemesterOutcome&, const OpenSemesterOutcome&) = default;
};

/// The error for a semester that no store can open: its name is rejected, or its capacity is out of range. None if it
/// can be opened. It depends on no state.
[[nodiscard]] std::optional<RequestError> fault_of(const OpenSemester& command);

/// Decides the command by the semesters of the store.
/// @param stored  open and closed
/// @return none: the semester is to be opened
[[nodiscard]] std::optional<OpenSemesterOutcome> decide(const OpenSemester& command,
                                                        const std::vector<StoredSemester>& stored);

/// The error for a command whose semester is in the store, although the server does not serve it.
[[nodiscard]] RequestError exists_unserved(const OpenSemester& command);

}  // namespace dti
