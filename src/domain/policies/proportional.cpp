#include <algorithm>
#include <cstddef>

#include "domain/policies/filling.hpp"
#include "dti/domain/policies/policies.hpp"

namespace dti {
namespace {

/// The largest number of rooms that can be granted, if programs want this much together.
Quantity rooms_grantable(const Pool& pool, const Want& wanted) {
  return std::min(pool.classrooms + std::min(pool.labs, wanted.labs),
                  wanted.classrooms + std::min(wanted.labs, pool.labs + pool.mobile_labs()));
}

/// Limits each claim to its share of the rooms that can be granted: the whole rooms of its quota, and one of the rooms
/// that are left over, which go to the largest remainders.
void limit_to_shares(const Pool& pool, std::vector<Claim>& claims) {
  Want wanted;
  for (const auto& claim : claims) {
    wanted.classrooms += claim.want.classrooms;
    wanted.labs += claim.want.labs;
  }
  const Quantity rooms = rooms_grantable(pool, wanted);
  const Quantity whole = all_of(wanted);
  if (rooms == whole) return;

  const auto remainder = [&](std::size_t i) { return all_of(claims[i].want) * rooms % whole; };
  std::vector<std::size_t> by_remainder(claims.size());
  Quantity left_over = rooms;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    by_remainder[i] = i;
    claims[i].limit = all_of(claims[i].want) * rooms / whole;
    left_over -= claims[i].limit;
  }
  // Stable: equal remainders stay in the order of lots.
  std::stable_sort(by_remainder.begin(), by_remainder.end(),
                   [&](std::size_t a, std::size_t b) { return remainder(a) > remainder(b); });
  for (std::size_t i = 0; i < static_cast<std::size_t>(left_over); ++i) ++claims[by_remainder[i]].limit;
}

}  // namespace

Awards proportional(const Pool& pool, std::span<const Ask> asks) {
  auto claims = claims_of(asks);
  for (auto& claim : claims) claim.weight = std::max<Quantity>(1, all_of(claim.want));
  limit_to_shares(pool, claims);
  fill(pool, claims);
  raise_limits(claims);
  fill(pool, claims);
  return split(pool, claims);
}

}  // namespace dti
