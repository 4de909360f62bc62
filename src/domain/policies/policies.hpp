#pragma once

#include <span>

#include "domain/policies/round.hpp"

namespace dti {

/// The policies of a round are pure: the same pool and asks give the same awards.
/// Ranges: the pool as Pool promises; each ask as Ask promises (a failed check otherwise), each program once.

/// Gives one room at a time to the program that has the fewest, of those that can use one more: fill(), with classrooms
/// that become mobile labs where it helps. A program gets no room that it can use by asking for other rooms than it
/// wants. No program loses a room if there are more classrooms or labs; it can if more may be converted.
/// Source: Sprumont 1991, The division problem with single-peaked preferences (the uniform rule); Ehlers & Klaus 2003,
/// Probabilistic assignments of identical indivisible objects and uniform probabilistic rules (whole rooms, lots)
[[nodiscard]] Awards max_min(const Pool& pool, std::span<const Ask> asks);

}  // namespace dti
