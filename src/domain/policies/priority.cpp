#include <algorithm>
#include <cstddef>
#include <numeric>

#include "dti/domain/policies/policies.hpp"

namespace dti {

Awards priority(const Pool& pool, std::span<const Ask> asks) {
  std::vector<std::size_t> order(asks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto class_of = [&](std::size_t i) { return asks[i].priority_class; };
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return class_of(a) < class_of(b); });

  Awards awards(asks.size());
  Pool left = pool;
  for (auto first = order.begin(); first != order.end();) {
    const auto last = std::find_if(first, order.end(), [&](auto i) { return class_of(i) != class_of(*first); });
    std::vector<Ask> asks_of_class;
    for (auto i = first; i != last; ++i) asks_of_class.push_back(asks[*i]);
    for (const auto& award : max_min(left, asks_of_class)) {
      left = charge(left, award.grant);
      awards[*first++] = award;
    }
  }
  return awards;
}

}  // namespace dti
