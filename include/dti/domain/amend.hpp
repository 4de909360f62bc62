#pragma once

#include <algorithm>
#include <optional>

#include "dti/domain/allocate.hpp"

namespace dti {

/// Adds what is left to a grant that is not whole. Nothing that is held is lost: there are never fewer classrooms, nor
/// fewer labs with mobile labs. A mobile lab may become a lab, and its classroom then serves the rest.
/// @param left  the rooms left in the semester, without those of the grant
/// @param held  the grant; it has nothing that is not wanted
/// @return the rule for what is missing: the program's mobile labs are returned first, its other rooms are kept
/// Source: docs/allocation.md, Changes. Pure.
[[nodiscard]] constexpr Grant top_up(const Pool& left, const Grant& held, const Want& want) {
  const auto pool = give_back(left, {.classrooms = 0, .labs = 0, .mobile_labs = held.mobile_labs});
  const auto more = allocate(pool, {want.classrooms - held.classrooms, want.labs - held.labs});
  return {held.classrooms + more.classrooms, held.labs + more.labs, more.mobile_labs};
}

/// The part of a grant that a smaller want keeps: mobile labs are returned before labs.
[[nodiscard]] constexpr Grant kept(const Grant& held, const Want& want) {
  const Quantity labs = std::min(held.labs, want.labs);
  return {.classrooms = std::min(held.classrooms, want.classrooms),
          .labs = labs,
          .mobile_labs = std::min(held.mobile_labs, want.labs - labs)};
}

/// The grant for a want that replaces an earlier one: what the new want keeps of the grant, and what is left added to it.
/// @param left  the rooms left in the semester, without those of the grant
/// @return a grant that may be less than the want. Then the caller decides whether the earlier grant stands
[[nodiscard]] constexpr Grant amend(const Pool& left, const Grant& held, const Want& want) {
  const auto keeps = kept(held, want);
  const auto pool = charge(give_back(left, held), keeps);
  return top_up(pool, keeps, want);
}

/// The rooms that are left after a semester gets another capacity: each quantity changes by the difference.
/// @return none: more is granted than the new capacity has. Conversions are compared by themselves
[[nodiscard]] constexpr std::optional<Pool> left_after_resize(const Pool& left, const Capacity& before,
                                                              const Capacity& after) {
  const Pool result{.classrooms = left.classrooms + after.classrooms - before.classrooms,
                    .labs = left.labs + after.labs - before.labs,
                    .conversions_left = left.conversions_left + after.conversions - before.conversions};
  if (result.classrooms < 0 || result.labs < 0 || result.conversions_left < 0) return std::nullopt;
  return result;
}

/// The part of a capacity that is granted: the least capacity that the semester can have. A mobile lab counts as a
/// classroom and as a conversion.
[[nodiscard]] constexpr Capacity granted_of(const Capacity& capacity, const Pool& left) {
  return {.classrooms = capacity.classrooms - left.classrooms,
          .labs = capacity.labs - left.labs,
          .conversions = capacity.conversions - left.conversions_left};
}

}  // namespace dti
