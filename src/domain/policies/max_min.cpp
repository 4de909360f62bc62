#include "domain/policies/filling.hpp"
#include "dti/domain/policies/policies.hpp"

namespace dti {

Awards max_min(const Pool& pool, std::span<const Ask> asks) {
  auto claims = claims_of(asks);
  fill(pool, claims);
  return split(pool, claims);
}

}  // namespace dti
