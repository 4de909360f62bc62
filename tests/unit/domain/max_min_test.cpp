#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "dti/domain/policies/policies.hpp"
#include "unit/domain/rounds.hpp"

namespace dti {
namespace {

/// The best result of a round, found by trying every whole number of classrooms and labs for every program.
class Oracle {
 public:
  explicit Oracle(const Round& round) : round_{round}, rooms_(round.asks.size()) {
    for (std::size_t i = 0; i < rooms_.size(); ++i) by_lot_.push_back(i);
    std::sort(by_lot_.begin(), by_lot_.end(), [&](auto a, auto b) { return round.asks[a].lot < round.asks[b].lot; });
    try_from(0, 0, 0);
  }

  /// The rooms of each program. The smallest is as large as possible, then the second smallest, and so on; of equal
  /// results, the one that is best for the lowest lot, and so on.
  [[nodiscard]] const std::vector<Quantity>& best() const { return best_; }

 private:
  void try_from(std::size_t program, Quantity classrooms, Quantity labs) {
    // Labs are used before classrooms are converted, so that as many classrooms as possible remain.
    const auto mobile_labs = std::max<Quantity>(0, labs - round_.pool.labs);
    if (mobile_labs > round_.pool.conversions_left || classrooms + mobile_labs > round_.pool.classrooms) return;
    if (program == rooms_.size()) return compare();
    const auto& want = round_.asks[program].want;
    for (Quantity c = 0; c <= want.classrooms; ++c) {
      for (Quantity l = 0; l <= want.labs; ++l) {
        rooms_[program] = c + l;
        try_from(program + 1, classrooms + c, labs + l);
      }
    }
  }

  void compare() {
    auto rank = rooms_;
    std::sort(rank.begin(), rank.end());
    for (const auto i : by_lot_) rank.push_back(rooms_[i]);
    if (rank <= best_rank_) return;
    best_rank_ = rank;
    best_ = rooms_;
  }

  const Round& round_;
  std::vector<std::size_t> by_lot_;
  std::vector<Quantity> rooms_;
  std::vector<Quantity> best_rank_;
  std::vector<Quantity> best_;
};

TEST(MaxMin, IsTheBestOfAllPossibleResultsForTheProgramsThatHaveTheLeast) {
  constexpr unsigned kSeed = 20261;
  RandomRounds rounds{kSeed};
  for (int i = 0; i < 10'000; ++i) {
    const auto round = i % 2 == 0 ? rounds.next(4, 3) : rounds.next(3, 6);
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", round " + std::to_string(i));
    ASSERT_EQ(rooms_of(max_min(round.pool, round.asks)), Oracle{round}.best()) << round;
  }
}

TEST(MaxMin, AMobileLabIsMadeOnlyWhenAllLabsAreGranted) {
  constexpr unsigned kSeed = 20264;
  RandomRounds rounds{kSeed};
  for (int i = 0; i < 2'000; ++i) {
    const auto round = rounds.next(6, 6);
    Grant total;
    for (const auto& [grant, limited_by] : max_min(round.pool, round.asks)) {
      total.labs += grant.labs;
      total.mobile_labs += grant.mobile_labs;
    }
    ASSERT_TRUE(total.mobile_labs == 0 || total.labs == round.pool.labs)
        << "seed " << kSeed << ", round " << i << ": " << round;
  }
}

TEST(MaxMin, SaysWhyAProgramGotNoMore) {
  const struct {
    const char* name;
    Pool pool;
    std::vector<Want> wants;
    std::vector<LimitedBy> reasons;
  } cases[] = {
      {"everything", {9, 9, 9}, {{3, 1}, {0, 0}}, {LimitedBy::kNothing, LimitedBy::kNothing}},
      {"the last room by lot", {5, 0, 0}, {{3, 0}, {3, 0}}, {LimitedBy::kNothing, LimitedBy::kLot}},
      {"no room left", {4, 2, 4}, {{3, 3}, {3, 3}}, {LimitedBy::kRooms, LimitedBy::kRooms}},
      {"labs and conversions", {20, 2, 3}, {{0, 10}, {10, 0}}, {LimitedBy::kLabs, LimitedBy::kNothing}},
      {"classrooms", {4, 9, 4}, {{9, 1}, {0, 4}}, {LimitedBy::kClassrooms, LimitedBy::kNothing}},
      {"nothing to grant",
       {0, 0, 0},
       {{1, 0}, {0, 1}, {1, 1}},
       {LimitedBy::kClassrooms, LimitedBy::kLabs, LimitedBy::kRooms}},
  };
  for (const auto& c : cases) {
    const auto awards = max_min(c.pool, asks_of(c.wants));
    for (std::size_t i = 0; i < awards.size(); ++i) EXPECT_EQ(awards[i].limited_by, c.reasons[i]) << c.name << ' ' << i;
  }
}

TEST(MaxMin, HasNoLimitOnTheNumberOfRooms) {
  const auto asks = asks_of({{kQuantityMax, kQuantityMax}, {kQuantityMax, 0}});
  const Pool pool{.classrooms = kCapacityMax, .labs = 0, .conversions_left = kCapacityMax};
  EXPECT_EQ(rooms_of(max_min(pool, asks)), (std::vector<Quantity>{2 * kQuantityMax, kQuantityMax}));
}

}  // namespace
}  // namespace dti
