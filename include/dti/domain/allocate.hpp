#pragma once

#include <algorithm>

#include "dti/domain/pool.hpp"
#include "dti/domain/status.hpp"

namespace dti {

/// The rooms that one program requests; each quantity is 0 to kQuantityMax.
struct Want {
  Quantity classrooms = 0;
  Quantity labs = 0;

  friend bool operator==(const Want&, const Want&) = default;
};

/// Tells whether both quantities are 0 to kQuantityMax.
[[nodiscard]] constexpr bool is_in_range(const Want& want) {
  return want.classrooms >= 0 && want.classrooms <= kQuantityMax && want.labs >= 0 && want.labs <= kQuantityMax;
}

/// The rooms that one program was granted. A mobile lab is a classroom that becomes a lab; `labs` does not include
/// mobile labs.
struct Grant {
  Quantity classrooms = 0;
  Quantity labs = 0;
  Quantity mobile_labs = 0;

  friend bool operator==(const Grant&, const Grant&) = default;
};

/// What a program holds.
struct HeldGrant {
  Want want;
  Grant grant;

  friend bool operator==(const HeldGrant&, const HeldGrant&) = default;
};

/// Computes the grant for one program: first labs, then mobile labs for the missing labs, then classrooms.
/// @param pool  the rooms left in the semester, each >= 0
/// @param want  rooms, each 0 to kQuantityMax
/// @return a grant with classrooms + mobile_labs <= pool.classrooms and labs + mobile_labs <= want.labs
/// Source: docs/allocation.md. Pure: the same arguments give the same grant.
[[nodiscard]] constexpr Grant allocate(const Pool& pool, const Want& want) {
  const Quantity shortfall = std::max<Quantity>(0, want.labs - pool.labs);
  // Mobile labs use classrooms, so they are taken before classrooms are granted.
  const Quantity mobile_labs = std::min({shortfall, pool.conversions_left, pool.classrooms});
  return {.classrooms = std::min(want.classrooms, pool.classrooms - mobile_labs),
          .labs = std::min(want.labs, pool.labs),
          .mobile_labs = mobile_labs};
}

/// kOk if everything requested was granted (labs and mobile labs count together), otherwise kNotEnoughResources.
[[nodiscard]] constexpr Status grant_status(const Want& want, const Grant& grant) {
  const bool everything = grant.classrooms == want.classrooms && grant.labs + grant.mobile_labs == want.labs;
  return everything ? Status::kOk : Status::kNotEnoughResources;
}

/// The pool without the rooms of the grant. A mobile lab uses one classroom and one conversion.
[[nodiscard]] constexpr Pool charge(const Pool& pool, const Grant& grant) {
  return {.classrooms = pool.classrooms - grant.classrooms - grant.mobile_labs,
          .labs = pool.labs - grant.labs,
          .conversions_left = pool.conversions_left - grant.mobile_labs};
}

/// The pool with the rooms of the grant returned to it. It is the exact inverse of charge().
[[nodiscard]] constexpr Pool give_back(const Pool& pool, const Grant& grant) {
  return {.classrooms = pool.classrooms + grant.classrooms + grant.mobile_labs,
          .labs = pool.labs + grant.labs,
          .conversions_left = pool.conversions_left + grant.mobile_labs};
}

}  // namespace dti
