#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "dti/domain/messages.hpp"
#include "dti/service/allocation/allocator.hpp"
#include "dti/service/ledger/ledger_writer.hpp"

namespace dti {

/// The decision for a request that concerns holds, and the change that stores it.
struct HeldDecision {
  Decision decision;
  std::optional<Change> change;  // without an epoch; none: nothing is to be written
  bool overtakes = false;        // it needs a grant, and there may be none now: the rest means nothing
};

/// Decides a request for which Allocator::concerns_holds() is true. It changes nothing: the state changes when the entries of
/// the change are replayed.
/// A request with hold-seconds gets holds, and repeats its holds and firm grants. A request without it confirms a hold with
/// the same numbers.
/// @param may_grant  false: a program that waits must be topped up before anything is granted
/// @param at  the ledger's time. No program of the request has a hold that is due
/// Source: docs/allocation.md, Holds
[[nodiscard]] HeldDecision decide_held(const AllocationRequest& request, const Allocator& allocator, bool may_grant,
                                       WallTime at);

/// The first hold of a program of the request that is due; 0: there is none.
[[nodiscard]] ProgramId find_due(const AllocationRequest& request, const Allocator& allocator, WallTime at);

/// A hold that is due, and the request-id of its grant as the store has it.
struct DueHold {
  ProgramId program = 0;
  std::optional<std::string> request_id;
};

/// The change by which holds expire. It has no epoch yet.
/// @param due  at least one, each once
/// @param at  the ledger's time
[[nodiscard]] Change change_of(SemesterId semester, const std::vector<DueHold>& due, const Allocator& allocator,
                               WallTime at);

}  // namespace dti
