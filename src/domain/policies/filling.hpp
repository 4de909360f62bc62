#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "dti/domain/policies/round.hpp"

namespace dti {

/// An ask while a policy fills in rooms.
struct Claim {
  std::size_t ask = 0;  // its position among the asks
  Want want;
  Quantity weight = 1;
  Quantity rooms = 0;                          // of any kind, so far
  Quantity limit = 0;                          // of any kind: no more for now, and never more than it wants
  LimitedBy limited_by = LimitedBy::kNothing;  // why the limit is lower; kNothing: the policy chose it
};

/// All rooms that the program wants, of both kinds.
[[nodiscard]] constexpr Quantity all_of(const Want& want) { return want.classrooms + want.labs; }

/// The claims in the order of their lots, without rooms, each with the limit of all that it wants and the weight 1.
[[nodiscard]] std::vector<Claim> claims_of(std::span<const Ask> asks);

/// Sets the limit of each claim to all that it wants, except where rooms have run out.
void raise_limits(std::vector<Claim>& claims);

/// Progressive filling: gives one room at a time to the claim with the fewest rooms per weight among those that are
/// below their limit and can use one more room, until there is none. Of equal claims, the first gets the room.
/// If all weights are equal, no other result is better for the claim that has the least, then the next, and so on.
/// @param pool    each quantity >= 0
/// @param claims  in the order of lots, with rooms that the pool can serve; each weight is 1 to kWeightMax, or 1 to
///                kRoomsMax if no claim has a limit above its weight
/// Work: the number of claims times the logarithm of the largest weight and limit, not the number of rooms.
/// Source: Fujishige 1980, Lexicographically optimal base of a polymatroid with respect to a weight vector; in whole
/// rooms: Frank & Murota 2022, Decreasing minimization on M-convex sets
void fill(const Pool& pool, std::vector<Claim>& claims);

/// Splits the rooms of each claim into kinds. A program gets as many of its labs as possible, as labs or mobile labs.
/// Real labs are spread by fill() among those that get labs.
/// @param claims  filled from the same pool
[[nodiscard]] Awards split(const Pool& pool, const std::vector<Claim>& claims);

}  // namespace dti
