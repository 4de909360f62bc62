#pragma once

#include <cstdint>
#include <vector>

#include "dti/domain/allocate.hpp"
#include "dti/domain/ask.hpp"

namespace dti {

/// The reason why a program got no more rooms.
enum class LimitedBy : std::uint8_t {
  kNothing,     // it got all rooms that it wanted
  kLot,         // another program with an equal claim and a lower lot got the last room
  kRooms,       // no room is left
  kClassrooms,  // no classroom is left; it got all labs that it wanted
  kLabs,        // no lab is left, and no classroom that may be converted; it got all classrooms that it wanted
  kQuota,       // it got all that the quota of its faculty admits, or its part of it
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
