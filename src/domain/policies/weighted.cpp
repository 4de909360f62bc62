#include "domain/policies/filling.hpp"
#include "dti/domain/policies/policies.hpp"

namespace dti {

Awards weighted(const Pool& pool, std::span<const Ask> asks) {
  auto claims = claims_of(asks);
  for (auto& claim : claims) claim.weight = asks[claim.ask].weight;
  fill(pool, claims);
  return split(pool, claims);
}

}  // namespace dti
