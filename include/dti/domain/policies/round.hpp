#pragma once

#include <cstdint>
#include <vector>

#include "dti/domain/allocate.hpp"
#include "dti/domain/catalog.hpp"
#include "dti/domain/ledger.hpp"

namespace dti {

inline constexpr Quantity kWeightMax = 1'000;            // levels of fill() grow with its square
inline constexpr Quantity kRoomsMax = 2 * kQuantityMax;  // of any kind, that one program may request

/// What one program requests in a round, and what the policies know about it. A program has one ask in a round.
struct Ask {
  ProgramId program = 0;
  Want want;
  Seq arrival = 0;         // the order of the asks; no two are equal
  std::uint64_t lot = 0;   // the lowest wins a tie; of equal lots, that of the lower program
  int priority_class = 1;  // the lowest is served first
  Quantity weight = 1;     // 1 to kWeightMax; only the ratios of the weights matter
  Quantity floor = 0;      // rooms of any kind, 0 to kRoomsMax
};

/// Tells whether the quantities are in the ranges that Ask promises.
[[nodiscard]] constexpr bool is_in_range(const Ask& ask) {
  return is_in_range(ask.want) && ask.weight >= 1 && ask.weight <= kWeightMax && ask.floor >= 0 &&
         ask.floor <= kRoomsMax;
}

/// The reason why a program got no more rooms.
enum class LimitedBy : std::uint8_t {
  kNothing,     // it got all rooms that it wanted
  kLot,         // another program with an equal claim and a lower lot got the last room
  kRooms,       // no room is left
  kClassrooms,  // no classroom is left; it got all labs that it wanted
  kLabs,        // no lab is left, and no classroom that may be converted; it got all classrooms that it wanted
};

/// The reason of a program that lacks rooms of these kinds.
[[nodiscard]] constexpr LimitedBy limit_of(bool lacks_classrooms, bool lacks_labs) {
  if (lacks_classrooms) return lacks_labs ? LimitedBy::kRooms : LimitedBy::kClassrooms;
  return lacks_labs ? LimitedBy::kLabs : LimitedBy::kNothing;
}

/// What one program gets in a round. An empty grant is a grant.
struct Award {
  Grant grant;
  LimitedBy limited_by = LimitedBy::kNothing;

  friend bool operator==(const Award&, const Award&) = default;
};

/// One award for each ask, in the order of the asks.
using Awards = std::vector<Award>;

}  // namespace dti
