#pragma once

#include "dti/domain/pool.hpp"

namespace dti {

/// The part that a program has of the kind of rooms of which it has the largest part, divided by its weight.
struct DominantShare {
  Quantity rooms = 0;  // of that kind, 0 to kQuantityMax
  Quantity whole = 1;  // rooms of that kind in the pool, times the weight: at least 1

  // The products are at most 10^18.
  friend constexpr bool operator<(const DominantShare& a, const DominantShare& b) {
    return a.rooms * b.whole < b.rooms * a.whole;
  }
};

}  // namespace dti
