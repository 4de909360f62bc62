#include "domain/policies/drf.hpp"

#include <algorithm>
#include <numeric>
#include <queue>

#include "domain/policies/filling.hpp"
#include "dti/domain/policies/policies.hpp"

namespace dti {
namespace {

/// The rooms of one program, in bundles. Its share is that of the bundles that it has.
struct Bundles {
  std::size_t place = 0;  // in the order of lots
  std::size_t ask = 0;
  Want each;
  Quantity wanted = 0;  // more of them
  DominantShare share;
  Quantity rooms_each = 0;  // of its dominant kind

  // The largest share, and then the last lot, is at the end of the queue.
  friend bool operator<(const Bundles& a, const Bundles& b) {
    if (a.share < b.share) return false;
    return b.share < a.share || a.place > b.place;
  }
};

Bundles bundles_of(const Pool& pool, const Claim& claim, std::size_t place, Quantity weight) {
  const Quantity wanted = std::gcd(claim.want.classrooms, claim.want.labs);
  const Want each{.classrooms = claim.want.classrooms / wanted, .labs = claim.want.labs / wanted};
  const bool is_labs = each.classrooms == 0 || each.labs * pool.classrooms > each.classrooms * pool.labs;
  const Quantity whole = std::max<Quantity>(1, (is_labs ? pool.labs : pool.classrooms) * weight);
  return {.place = place,
          .ask = claim.ask,
          .each = each,
          .wanted = wanted,
          .share = {.rooms = 0, .whole = whole},
          .rooms_each = is_labs ? each.labs : each.classrooms};
}

}  // namespace

Awards drf(const Pool& pool, std::span<const Ask> asks) {
  std::priority_queue<Bundles> queue;
  const auto claims = claims_of(asks);
  for (std::size_t place = 0; place < claims.size(); ++place) {
    const auto& claim = claims[place];
    if (claim.limit > 0) queue.push(bundles_of(pool, claim, place, asks[claim.ask].weight));
  }

  Awards awards(asks.size());
  Pool left = pool;
  while (!queue.empty()) {
    auto next = queue.top();
    queue.pop();
    auto& [grant, limited_by] = awards[next.ask];
    limited_by = limit_of(left.classrooms < next.each.classrooms, left.labs < next.each.labs);
    if (limited_by != LimitedBy::kNothing) continue;  // and never fits later
    left = charge(left, {.classrooms = next.each.classrooms, .labs = next.each.labs});
    grant.classrooms += next.each.classrooms;
    grant.labs += next.each.labs;
    next.share.rooms += next.rooms_each;
    if (--next.wanted > 0) queue.push(next);
  }
  return awards;
}

}  // namespace dti
