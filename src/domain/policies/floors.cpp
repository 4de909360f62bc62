#include <algorithm>

#include "domain/policies/filling.hpp"
#include "dti/domain/policies/policies.hpp"

namespace dti {

Awards floors(const Pool& pool, std::span<const Ask> asks) {
  auto claims = claims_of(asks);
  for (auto& claim : claims) {
    claim.weight = asks[claim.ask].weight;
    claim.limit = std::min(claim.limit, asks[claim.ask].floor);
  }
  fill(pool, claims);
  raise_limits(claims);
  fill(pool, claims);
  return split(pool, claims);
}

}  // namespace dti
