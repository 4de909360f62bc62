#pragma once

#include <cstdint>

#include "dti/domain/allocate.hpp"
#include "dti/domain/catalog.hpp"
#include "dti/domain/ledger.hpp"

namespace dti {

inline constexpr Quantity kWeightMax = 1'000;             // levels of fill() grow with its square
inline constexpr Quantity kRoomsMax = 2 * kQuantityMax;   // of any kind, that one program may request
inline constexpr Quantity kPriorityClassMax = 1'000'000;  // in a file and in a ledger; any number that people choose

/// What one program requests in a round, and what the policies know about it. A program has one ask in a round.
struct Ask {
  ProgramId program = 0;
  Want want;
  Seq arrival = 0;         // the order of the asks; no two are equal
  std::uint64_t lot = 0;   // the lowest wins a tie; of equal lots, that of the lower program
  int priority_class = 1;  // the lowest is served first
  Quantity weight = 1;     // 1 to kWeightMax; only the ratios of the weights matter
  Quantity floor = 0;      // rooms of any kind, 0 to kRoomsMax

  friend bool operator==(const Ask&, const Ask&) = default;
};

/// Tells whether the quantities are in the ranges that Ask promises.
[[nodiscard]] constexpr bool is_in_range(const Ask& ask) {
  return is_in_range(ask.want) && ask.weight >= 1 && ask.weight <= kWeightMax && ask.floor >= 0 &&
         ask.floor <= kRoomsMax;
}

}  // namespace dti
