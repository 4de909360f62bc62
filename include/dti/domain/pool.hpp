#pragma once

#include <cstdint>

namespace dti {

/// A number of rooms. Wide enough that sums over a semester cannot overflow.
using Quantity = std::int64_t;

inline constexpr Quantity kQuantityMax = 1'000'000;      // rooms of one kind that one program may ask for
inline constexpr Quantity kCapacityMax = 1'000'000'000;  // rooms of one kind that a semester may have

/// What a semester started with. All 0 to kCapacityMax, conversions at most classrooms.
struct Capacity {
  Quantity classrooms = 0;
  Quantity labs = 0;
  Quantity conversions = 0;  // how many classrooms may be turned into mobile labs

  friend bool operator==(const Capacity&, const Capacity&) = default;
};

/// Is it a capacity that a semester may have?
[[nodiscard]] constexpr bool is_in_range(const Capacity& capacity) {
  return capacity.classrooms >= 0 && capacity.classrooms <= kCapacityMax && capacity.labs >= 0 &&
         capacity.labs <= kCapacityMax && capacity.conversions >= 0 && capacity.conversions <= capacity.classrooms;
}

/// What is left of a semester. Every quantity is capacity less the sum of the ledger, and never negative.
struct Pool {
  Quantity classrooms = 0;
  Quantity labs = 0;
  Quantity conversions_left = 0;  // linear: a grant takes what it converted, and nothing else does

  /// How many mobile labs could still be made: what people are shown as mobile labs left.
  [[nodiscard]] constexpr Quantity mobile_labs() const {
    return conversions_left < classrooms ? conversions_left : classrooms;
  }
  friend bool operator==(const Pool&, const Pool&) = default;
};

[[nodiscard]] constexpr Pool full_pool(const Capacity& capacity) {
  return {capacity.classrooms, capacity.labs, capacity.conversions};
}

}  // namespace dti
