#include <algorithm>
#include <cstddef>
#include <numeric>

#include "dti/base/check.hpp"
#include "dti/domain/policies/policies.hpp"

namespace dti {
Awards first_come(const Pool& pool, std::span<const Ask> asks) {
  std::vector<std::size_t> order(asks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return asks[a].arrival < asks[b].arrival; });

  Awards awards(asks.size());
  Pool left = pool;
  for (const auto i : order) {
    DTI_CHECK(is_in_range(asks[i]));
    const Grant grant = allocate(left, asks[i].want);
    left = charge(left, grant);
    awards[i] = {.grant = grant,
                 .limited_by = limit_of(grant.classrooms < asks[i].want.classrooms,
                                        grant.labs + grant.mobile_labs < asks[i].want.labs)};
  }
  return awards;
}

}  // namespace dti
