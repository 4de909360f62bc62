#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "dti/domain/allocate.hpp"
#include "dti/domain/ledger.hpp"

namespace dti::simulation {

// The rules of wait lists in docs/allocation.md once more. There is no index: every program that waits is tried in turn.

/// A program whose grant is not whole, and which has not given up its place.
struct Waiting {
  Seq place = 0;
  std::size_t row = 0;  // of the catalogue
  Want want;
  Grant grant;
  Want admitted;  // the part of the want that the quota of its faculty admits
};

/// The program with the first place of those that may have something of what is left. None: nothing is due.
[[nodiscard]] std::optional<Waiting> first_due(const std::vector<Waiting>& waiting, const Pool& left);

/// What a program gets that wants other numbers while others wait: what it returns is for them.
/// @param left  what is left without the grant
/// @param want  the part that the quota of its faculty admits
/// @param is_limited  its faculty has a hard limit
/// @param others  does not have the program itself, and knows the quotas as if the program held only what it keeps
[[nodiscard]] Grant amend_among(const std::vector<Waiting>& others, const Pool& left, const Grant& held,
                                const Want& want, bool is_limited);

}  // namespace dti::simulation
