#include "domain/policies/filling.hpp"

#include <algorithm>
#include <tuple>

#include "dti/base/check.hpp"

namespace dti {
namespace {

/// The rooms that claims leave of the pool. Claims can be served exactly if no quantity is negative: these are the cuts
/// between the kinds of rooms and the programs, besides the programs' own wants.
class Slack {
 public:
  explicit Slack(const Pool& pool)
      : rooms_{pool.classrooms + pool.labs}, labs_{pool.labs + pool.mobile_labs()}, classrooms_{pool.classrooms} {}

  // What a program gets beyond the classrooms that it wants must be labs or mobile labs, and the reverse.
  void take(const Want& want, Quantity rooms) {
    rooms_ -= rooms;
    labs_ -= std::max<Quantity>(0, rooms - want.classrooms);
    classrooms_ -= std::max<Quantity>(0, rooms - want.labs);
  }

  [[nodiscard]] bool has_one_more(const Claim& claim) const {
    return rooms_ > 0 && (claim.rooms < claim.want.classrooms || labs_ > 0) &&
           (claim.rooms < claim.want.labs || classrooms_ > 0);
  }
  void take_one_more(const Claim& claim) {
    rooms_ -= 1;
    labs_ -= claim.rooms < claim.want.classrooms ? 0 : 1;
    classrooms_ -= claim.rooms < claim.want.labs ? 0 : 1;
  }

  [[nodiscard]] bool is_negative() const { return rooms_ < 0 || labs_ < 0 || classrooms_ < 0; }

  /// Lowers the limit of a claim to the rooms that it can still get.
  void lower_limit(Claim& claim) const {
    const auto lower = [&](Quantity limit, LimitedBy reason) {
      limit = std::max(limit, claim.rooms);
      if (limit >= claim.limit) return;
      claim.limit = limit;
      claim.limited_by = reason;
    };
    if (labs_ == 0) lower(claim.want.classrooms, LimitedBy::kLabs);
    if (classrooms_ == 0) lower(claim.want.labs, LimitedBy::kClassrooms);
    if (rooms_ == 0) lower(claim.rooms, LimitedBy::kRooms);
  }

 private:
  Quantity rooms_;       // of any kind
  Quantity labs_;        // labs, and classrooms that may be converted
  Quantity classrooms_;  // classrooms
};

/// The number of rooms per weight, in fractions that are small enough to separate the turns of claims with different
/// weights: x / a and y / b are equal or differ by 1 / (a * b) or more.
class Levels {
 public:
  explicit Levels(std::span<const Claim> claims) {
    Quantity weight_max = 1;
    for (const auto& claim : claims) weight_max = std::max(weight_max, claim.weight);
    scale_ = weight_max * weight_max;
    for (const auto& claim : claims) top_ = std::max(top_, divide_up(claim.limit, claim.weight) * scale_);
    DTI_CHECK(weight_max <= kWeightMax || top_ <= scale_);  // rooms_at() does not overflow
  }

  /// At this level, every claim has reached its limit.
  [[nodiscard]] Quantity top() const { return top_; }

  /// The rooms of the claim after all turns below the level. Its turn for a room is at its rooms per weight before it.
  [[nodiscard]] Quantity rooms_at(const Claim& claim, Quantity level) const {
    return std::clamp(divide_up(claim.weight * level, scale_), claim.rooms, claim.limit);
  }

 private:
  static Quantity divide_up(Quantity number, Quantity by) { return (number + by - 1) / by; }

  Quantity scale_ = 1;
  Quantity top_ = 0;
};

Slack slack_at(const Pool& pool, std::span<const Claim> claims, const Levels& levels, Quantity level) {
  Slack slack{pool};
  for (const auto& claim : claims) slack.take(claim.want, levels.rooms_at(claim, level));
  return slack;
}

/// The highest level up to which all turns can be given.
Quantity last_full_level(const Pool& pool, std::span<const Claim> claims, const Levels& levels) {
  if (!slack_at(pool, claims, levels, levels.top()).is_negative()) return levels.top();
  Quantity full = 0;
  Quantity too_high = levels.top();
  while (too_high - full > 1) {
    const Quantity level = full + (too_high - full) / 2;
    (slack_at(pool, claims, levels, level).is_negative() ? too_high : full) = level;
  }
  return full;
}

/// Gives the turns of one level, which are all equal, in the order of lots.
void give_by_lot(std::vector<Claim>& claims, const Levels& levels, Quantity level, Slack slack) {
  for (auto& claim : claims) {
    if (levels.rooms_at(claim, level + 1) == claim.rooms) continue;
    if (slack.has_one_more(claim)) {
      slack.take_one_more(claim);
      ++claim.rooms;
    } else {
      claim.limit = claim.rooms;
      claim.limited_by = LimitedBy::kLot;
    }
  }
}

}  // namespace

std::vector<Claim> claims_of(std::span<const Ask> asks) {
  std::vector<Claim> claims;
  claims.reserve(asks.size());
  for (std::size_t i = 0; i < asks.size(); ++i) {
    DTI_CHECK(is_in_range(asks[i]));
    claims.push_back({.ask = i, .want = asks[i].want, .limit = all_of(asks[i].want)});
  }
  const auto lot = [&](const Claim& claim) { return std::tuple{asks[claim.ask].lot, asks[claim.ask].program}; };
  std::sort(claims.begin(), claims.end(), [&](const Claim& a, const Claim& b) { return lot(a) < lot(b); });
  return claims;
}

void raise_limits(std::vector<Claim>& claims) {
  for (auto& claim : claims) {
    if (claim.limited_by == LimitedBy::kNothing) claim.limit = all_of(claim.want);
  }
}

void fill(const Pool& pool, std::vector<Claim>& claims) {
  const Levels levels{claims};
  const auto is_full = [](const Claim& claim) { return claim.rooms == claim.limit; };
  while (!std::all_of(claims.begin(), claims.end(), is_full)) {
    const Quantity level = last_full_level(pool, claims, levels);
    const Slack slack = slack_at(pool, claims, levels, level);
    DTI_CHECK(!slack.is_negative());  // the pool can serve the rooms that the claims have
    for (auto& claim : claims) {
      claim.rooms = levels.rooms_at(claim, level);
      slack.lower_limit(claim);  // a quantity that is used up stays used up
    }
    give_by_lot(claims, levels, level, slack);
  }
}

Awards split(const Pool& pool, const std::vector<Claim>& claims) {
  auto labs = claims;  // of any kind
  for (auto& claim : labs) {
    claim.limit = std::min(claim.rooms, claim.want.labs);
    claim.rooms = std::max<Quantity>(0, claim.rooms - claim.want.classrooms);
    claim.want = {.classrooms = 0, .labs = claim.limit};
  }
  fill({.classrooms = 0, .labs = pool.labs + pool.mobile_labs(), .conversions_left = 0}, labs);

  auto real_labs = labs;
  for (auto& claim : real_labs) {
    claim.limit = claim.rooms;
    claim.rooms = 0;
  }
  fill({.classrooms = 0, .labs = pool.labs, .conversions_left = 0}, real_labs);

  Awards awards(claims.size());
  for (std::size_t i = 0; i < claims.size(); ++i) {
    awards[claims[i].ask] = {.grant = {.classrooms = claims[i].rooms - labs[i].rooms,
                                       .labs = real_labs[i].rooms,
                                       .mobile_labs = labs[i].rooms - real_labs[i].rooms},
                             .limited_by = claims[i].limited_by};
  }
  return awards;
}

}  // namespace dti
