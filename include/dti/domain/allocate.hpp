#pragma once

#include <algorithm>

#include "dti/domain/pool.hpp"
#include "dti/domain/status.hpp"

namespace dti {

/// What one program asks for; each 0 to kQuantityMax.
struct Want {
  Quantity classrooms = 0;
  Quantity labs = 0;

  friend bool operator==(const Want&, const Want&) = default;
};

/// Is it what a program may ask for?
[[nodiscard]] constexpr bool is_in_range(const Want& want) {
  return want.classrooms >= 0 && want.classrooms <= kQuantityMax && want.labs >= 0 && want.labs <= kQuantityMax;
}

/// What one program was given. A mobile lab is a classroom turned into a lab; labs do not include mobile labs.
struct Grant {
  Quantity classrooms = 0;
  Quantity labs = 0;
  Quantity mobile_labs = 0;

  friend bool operator==(const Grant&, const Grant&) = default;
};

/// Splits what one program wants into a grant: labs first, then mobile labs for the shortfall, then classrooms.
/// @param pool  what is left of the semester, each >= 0
/// @param want  rooms, each 0 to kQuantityMax
/// @return a grant with classrooms + mobile_labs <= pool.classrooms and labs + mobile_labs <= want.labs
/// Source: docs/allocation.md. Pure: the same arguments give the same grant.
[[nodiscard]] constexpr Grant allocate(const Pool& pool, const Want& want) {
  const Quantity shortfall = std::max<Quantity>(0, want.labs - pool.labs);
  // Mobile labs come out of classrooms, so they are taken before classrooms are given.
  const Quantity mobile_labs = std::min({shortfall, pool.conversions_left, pool.classrooms});
  return {.classrooms = std::min(want.classrooms, pool.classrooms - mobile_labs),
          .labs = std::min(want.labs, pool.labs),
          .mobile_labs = mobile_labs};
}

/// kOk if everything asked for was given (labs and mobile labs count together), else kNotEnoughResources.
[[nodiscard]] constexpr Status grant_status(const Want& want, const Grant& grant) {
  const bool everything = grant.classrooms == want.classrooms && grant.labs + grant.mobile_labs == want.labs;
  return everything ? Status::kOk : Status::kNotEnoughResources;
}

/// The pool after the grant was taken from it. A converted classroom is a classroom gone.
[[nodiscard]] constexpr Pool charge(const Pool& pool, const Grant& grant) {
  return {.classrooms = pool.classrooms - grant.classrooms - grant.mobile_labs,
          .labs = pool.labs - grant.labs,
          .conversions_left = pool.conversions_left - grant.mobile_labs};
}

/// The pool after the grant came back: the exact inverse of charge().
[[nodiscard]] constexpr Pool give_back(const Pool& pool, const Grant& grant) {
  return {.classrooms = pool.classrooms + grant.classrooms + grant.mobile_labs,
          .labs = pool.labs + grant.labs,
          .conversions_left = pool.conversions_left + grant.mobile_labs};
}

}  // namespace dti
