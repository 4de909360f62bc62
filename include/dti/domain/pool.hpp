#pragma once

#include <cstdint>

namespace dti {

/// A number of rooms. The type is large enough that sums over a semester cannot overflow.
using Quantity = std::int64_t;

inline constexpr Quantity kQuantityMax = 1'000'000;      // rooms of one kind that one program may request
inline constexpr Quantity kCapacityMax = 1'000'000'000;  // rooms of one kind that a semester may have

/// The rooms of a semester. Each quantity is 0 to kCapacityMax, and conversions <= classrooms.
struct Capacity {
  Quantity classrooms = 0;
  Quantity labs = 0;
  Quantity conversions = 0;  // how many classrooms may become mobile labs

  friend bool operator==(const Capacity&, const Capacity&) = default;
};

/// Tells whether the quantities are in the range that Capacity promises.
[[nodiscard]] constexpr bool is_in_range(const Capacity& capacity) {
  return capacity.classrooms >= 0 && capacity.classrooms <= kCapacityMax && capacity.labs >= 0 &&
         capacity.labs <= kCapacityMax && capacity.conversions >= 0 && capacity.conversions <= capacity.classrooms;
}

/// The rooms that are left in a semester. Each quantity is the capacity minus the sum of the ledger, and never
/// negative.
struct Pool {
  Quantity classrooms = 0;
  Quantity labs = 0;
  Quantity conversions_left = 0;  // only the mobile labs of grants reduce it

  /// How many classrooms can still become mobile labs. Reports show it as the mobile labs left.
  [[nodiscard]] constexpr Quantity mobile_labs() const {
    return conversions_left < classrooms ? conversions_left : classrooms;
  }
  friend bool operator==(const Pool&, const Pool&) = default;
};

/// The pool of a semester without grants.
[[nodiscard]] constexpr Pool full_pool(const Capacity& capacity) {
  return {capacity.classrooms, capacity.labs, capacity.conversions};
}

}  // namespace dti
