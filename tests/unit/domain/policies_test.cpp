#include "dti/domain/policies/policies.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "domain/policies/filling.hpp"
#include "unit/domain/rounds.hpp"

namespace dti {
namespace {

constexpr unsigned kSeed = 20265;

/// Calls `check(round, policy, awards)` for many rounds and each policy.
template <typename Check>
void for_many_rounds(Check check) {
  RandomRounds rounds{kSeed};
  for (int i = 0; i < 2'000; ++i) {
    const auto round = i % 2 == 0 ? rounds.next(8, 9) : rounds.next(40, 5);
    for (const auto policy : kPolicies) {
      const auto awards = share(policy, round.pool, round.asks);
      check(round, policy, awards);
      if (testing::Test::HasFatalFailure()) {
        FAIL() << policy_name(policy) << ", seed " << kSeed << ", round " << i << ": " << round;
      }
    }
  }
}

Pool left_of(const Round& round, const Awards& awards) {
  return std::accumulate(awards.begin(), awards.end(), round.pool,
                         [](const Pool& pool, const Award& award) { return charge(pool, award.grant); });
}

TEST(Policies, HaveNamesThatReadBack) {
  for (const auto policy : kPolicies) EXPECT_EQ(parse_policy(policy_name(policy)), policy);
  EXPECT_EQ(policy_name(kDefaultPolicy), "max-min");
  for (const auto* name : {"", "Max-Min", "maxmin", "max-min ", "lottery"}) EXPECT_EQ(parse_policy(name), std::nullopt);
}

TEST(Policies, GrantNoMoreThanThePoolHasAndAProgramWants) {
  for_many_rounds([](const Round& round, Policy, const Awards& awards) {
    ASSERT_EQ(awards.size(), round.asks.size());
    for (std::size_t i = 0; i < awards.size(); ++i) {
      const auto& [grant, limited_by] = awards[i];
      ASSERT_TRUE(grant.classrooms >= 0 && grant.labs >= 0 && grant.mobile_labs >= 0);
      ASSERT_LE(grant.classrooms, round.asks[i].want.classrooms);
      ASSERT_LE(grant.labs + grant.mobile_labs, round.asks[i].want.labs);
      ASSERT_EQ(limited_by == LimitedBy::kNothing, grant_status(round.asks[i].want, grant) == Status::kOk);
    }
    const auto left = left_of(round, awards);
    ASSERT_TRUE(left.classrooms >= 0 && left.labs >= 0 && left.conversions_left >= 0);
  });
}

TEST(Policies, LeaveNoRoomThatAProgramWantsAndMayGet) {
  for_many_rounds([](const Round& round, Policy policy, const Awards& awards) {
    auto left = left_of(round, awards);
    for (std::size_t i = 0; i < awards.size(); ++i) {
      const auto& want = round.asks[i].want;
      const auto& grant = awards[i].grant;
      Want missing{want.classrooms - grant.classrooms, want.labs - grant.labs - grant.mobile_labs};
      if (policy != Policy::kDrf) {
        ASSERT_EQ(allocate(left, missing), Grant{}) << "ask " << i;
      } else if (const auto bundles = std::gcd(want.classrooms, want.labs); missing != Want{}) {
        ASSERT_TRUE(left.classrooms < want.classrooms / bundles || left.labs < want.labs / bundles) << "ask " << i;
      }
    }
  });
}

TEST(Policies, GrantAsManyRoomsAsPossibleExceptInBundles) {
  for_many_rounds([](const Round& round, Policy policy, const Awards& awards) {
    if (policy == Policy::kDrf) return;
    const auto rooms = rooms_of(awards);
    const auto most = rooms_of(max_min(round.pool, round.asks));  // as many as possible: see the oracle of MaxMin
    ASSERT_EQ(std::accumulate(rooms.begin(), rooms.end(), Quantity{0}),
              std::accumulate(most.begin(), most.end(), Quantity{0}));
  });
}

TEST(Policies, DependOnTheLotsOnlyAndNotOnTheOrderOfTheAsks) {
  RandomRounds shuffles{kSeed};
  for_many_rounds([&](const Round& round, Policy policy, const Awards& awards) {
    std::vector<std::size_t> order(round.asks.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), shuffles.generator());
    std::vector<Ask> asks;
    for (const auto i : order) asks.push_back(round.asks[i]);
    for (auto& ask : asks) {
      ask.program = 1'000 - ask.program;
      if (policy != Policy::kFirstCome) ask.arrival = -ask.arrival;
    }
    const auto shuffled = share(policy, round.pool, asks);
    for (std::size_t i = 0; i < order.size(); ++i) ASSERT_EQ(shuffled[i], awards[order[i]]) << "ask " << order[i];
  });
}

/// What two asks with the same data apart from the lot get, the one with the lower lot first.
TEST(Policies, GiveEqualProgramsAtMostOneRoomMoreByLot) {
  for_many_rounds([](const Round& round, Policy policy, const Awards&) {
    if (policy == Policy::kFirstCome || policy == Policy::kDrf) return;
    auto twins = round;
    twins.asks.push_back(twins.asks[0]);
    twins.asks.back().program = 1'000;
    twins.asks.back().lot += 1;
    const auto rooms = rooms_of(share(policy, twins.pool, twins.asks));
    ASSERT_TRUE(rooms.front() == rooms.back() || rooms.front() == rooms.back() + 1)
        << rooms.front() << ' ' << rooms.back();
  });
}

/// The rooms that are of use to a program that wants `want`.
Quantity useful(const Want& want, const Grant& grant) {
  return std::min(want.classrooms, grant.classrooms) + std::min(want.labs, grant.labs + grant.mobile_labs);
}

TEST(Policies, GiveAProgramNoMoreUsefulRoomsIfItAsksForOtherRoomsThanItWants) {
  constexpr Quantity kLieMax = 6;
  RandomRounds rounds{kSeed};
  for (int i = 0; i < 1'000; ++i) {
    const auto round = rounds.next(4, 4);
    const auto want = round.asks[0].want;
    auto lie = round;
    for (const auto policy :
         {Policy::kFirstCome, Policy::kPriority, Policy::kMaxMin, Policy::kWeighted, Policy::kFloors}) {
      const auto honest = useful(want, share(policy, round.pool, round.asks)[0].grant);
      for (Quantity all = 0; all < (kLieMax + 1) * (kLieMax + 1); ++all) {
        lie.asks[0].want = {.classrooms = all / (kLieMax + 1), .labs = all % (kLieMax + 1)};
        ASSERT_LE(useful(want, share(policy, lie.pool, lie.asks)[0].grant), honest)
            << policy_name(policy) << ", seed " << kSeed << ", round " << i << ": " << round << "; asked "
            << lie.asks[0].want.classrooms << '+' << lie.asks[0].want.labs;
      }
    }
  }
}

/// Checks that one more classroom, and one more lab, take no room from a program. Conversions stay as they are.
void expect_no_loss_with_more_rooms(const Round& round, Policy policy) {
  const auto before = rooms_of(share(policy, round.pool, round.asks));
  auto more_classrooms = round.pool;
  auto more_labs = round.pool;
  ++more_classrooms.classrooms;
  ++more_labs.labs;
  for (const auto& pool : {more_classrooms, more_labs}) {
    const auto after = rooms_of(share(policy, pool, round.asks));
    for (std::size_t i = 0; i < after.size(); ++i) {
      ASSERT_GE(after[i], before[i]) << policy_name(policy) << ", seed " << kSeed << ": " << round;
    }
  }
}

TEST(Policies, TakeNoRoomFromAProgramIfThereAreMoreClassroomsOrLabs) {
  RandomRounds rounds{kSeed};
  for (int i = 0; i < 5'000; ++i) {
    const auto round = rounds.next(6, 6);
    for (const auto policy :
         {Policy::kFirstCome, Policy::kPriority, Policy::kMaxMin, Policy::kWeighted, Policy::kFloors}) {
      expect_no_loss_with_more_rooms(round, policy);
    }
    auto one_kind = round;
    for (auto& ask : one_kind.asks) ask.want.labs = 0;
    expect_no_loss_with_more_rooms(one_kind, Policy::kDrf);
    if (HasFatalFailure()) FAIL() << "round " << i;
  }
}

TEST(Policies, EqualLotsAreDecidedByTheNumberOfTheProgram) {
  auto asks = asks_of({{3, 0}, {3, 0}});
  asks[0].lot = asks[1].lot = 7;
  for (const auto policy : kPolicies) {
    const auto awards = share(policy, Pool{.classrooms = 3, .labs = 0, .conversions_left = 0}, asks);
    EXPECT_GT(awards[0].grant.classrooms, awards[1].grant.classrooms) << policy_name(policy);
  }
}

TEST(Policies, RoundsWithoutAsksAreEmpty) {
  for (const auto policy : kPolicies) EXPECT_TRUE(share(policy, Pool{3, 3, 3}, {}).empty());
}

TEST(PoliciesDeathTest, AnAskThatIsOutOfRangeIsABug) {
  auto asks = asks_of({{1, 0}});
  asks[0].weight = kWeightMax + 1;
  for (const auto policy : kPolicies) EXPECT_DEATH((void)share(policy, Pool{}, asks), "is_in_range");
}

/// fill() by its definition: one room after the other.
void fill_room_by_room(const Pool& pool, std::vector<Claim>& claims) {
  const auto fits = [&](const Claim& one_more) {
    Quantity rooms = 1;
    Quantity beyond_classrooms = one_more.rooms < one_more.want.classrooms ? 0 : 1;
    Quantity beyond_labs = one_more.rooms < one_more.want.labs ? 0 : 1;
    for (const auto& claim : claims) {
      rooms += claim.rooms;
      beyond_classrooms += std::max<Quantity>(0, claim.rooms - claim.want.classrooms);
      beyond_labs += std::max<Quantity>(0, claim.rooms - claim.want.labs);
    }
    return rooms <= pool.classrooms + pool.labs && beyond_classrooms <= pool.labs + pool.mobile_labs() &&
           beyond_labs <= pool.classrooms;
  };
  for (;;) {
    Claim* next = nullptr;
    for (auto& claim : claims) {
      if (claim.rooms == claim.limit || !fits(claim)) continue;
      if (next == nullptr || claim.rooms * next->weight < next->rooms * claim.weight) next = &claim;
    }
    if (next == nullptr) return;
    ++next->rooms;
  }
}

TEST(Filling, AgreesWithTheSlowModelForAnyWeightsLimitsAndRoomsBefore) {
  RandomRounds rounds{kSeed};
  for (int i = 0; i < 3'000; ++i) {
    const auto round = rounds.next(8, 9);
    auto claims = claims_of(round.asks);
    const auto weight_max = i % 3 == 0 ? kWeightMax : Quantity{4};
    for (auto& claim : claims) {
      claim.weight = 1 + rounds.up_to(weight_max - 1);
      claim.limit = rounds.up_to(claim.limit);
    }
    auto slow = claims;
    for (int pass = 0; pass < 2; ++pass) {
      fill(round.pool, claims);
      fill_room_by_room(round.pool, slow);
      for (std::size_t c = 0; c < claims.size(); ++c) {
        ASSERT_EQ(claims[c].rooms, slow[c].rooms) << "seed " << kSeed << ", round " << i << ": " << round;
        slow[c].limit = all_of(slow[c].want);
      }
      raise_limits(claims);
    }
  }
}

TEST(Policies, FirstComeIsTheRuleOfTheLedger) {
  for_many_rounds([](const Round& round, Policy policy, const Awards& awards) {
    if (policy != Policy::kFirstCome) return;
    auto pool = round.pool;
    for (std::size_t i = 0; i < awards.size(); ++i) {  // rounds.next() has the asks in order of arrival
      ASSERT_EQ(awards[i].grant, allocate(pool, round.asks[i].want));
      pool = charge(pool, awards[i].grant);
    }
  });
}

TEST(Policies, PriorityGivesAClassWhatItWouldGetWithoutTheLaterClasses) {
  for_many_rounds([](const Round& round, Policy policy, const Awards& awards) {
    if (policy != Policy::kPriority) return;
    std::vector<Ask> first;
    std::vector<Award> expected;
    for (std::size_t i = 0; i < awards.size(); ++i) {
      if (round.asks[i].priority_class > 0) continue;
      first.push_back(round.asks[i]);
      expected.push_back(awards[i]);
    }
    ASSERT_EQ(max_min(round.pool, first), expected);
  });
}

TEST(Policies, FloorsAreReachedWhereverTheRoomsSufficeForAllOfThem) {
  for_many_rounds([](const Round& round, Policy policy, const Awards& awards) {
    if (policy != Policy::kFloors) return;
    auto small = round;
    for (std::size_t i = 0; i < awards.size(); ++i) {  // at most what the round gave: floors that suffice
      small.asks[i].floor = std::min(small.asks[i].floor, rooms_of(awards[i].grant));
    }
    const auto rooms = rooms_of(floors(small.pool, small.asks));
    for (std::size_t i = 0; i < rooms.size(); ++i) ASSERT_GE(rooms[i], small.asks[i].floor);
  });
}

TEST(Policies, DrfSharesLabsAlsoIfThereAreNoClassrooms) {
  const auto awards = drf(Pool{.classrooms = 0, .labs = 9, .conversions_left = 0}, asks_of({{0, 9}, {0, 9}, {1, 1}}));
  EXPECT_EQ(rooms_of(awards), (std::vector<Quantity>{5, 4, 0}));
}

TEST(Policies, AFloorThatALotRefusedIsSaidToBeLimitedByTheLot) {
  auto asks = asks_of({{9, 0}, {9, 0}, {9, 0}});
  asks[0].floor = asks[1].floor = 5;
  const auto awards = floors(Pool{.classrooms = 9, .labs = 0, .conversions_left = 0}, asks);
  EXPECT_EQ(rooms_of(awards), (std::vector<Quantity>{5, 4, 0}));
  EXPECT_EQ(awards[0].limited_by, LimitedBy::kClassrooms);
  EXPECT_EQ(awards[1].limited_by, LimitedBy::kLot);
  EXPECT_EQ(awards[2].limited_by, LimitedBy::kClassrooms);
}

TEST(Policies, ProportionalSharesDifferByLessThanOneRoomFromTheQuotaWithOneKind) {
  for_many_rounds([](const Round& any, Policy policy, const Awards&) {
    if (policy != Policy::kProportional) return;
    auto round = any;
    Quantity wanted = 0;
    for (auto& ask : round.asks) {
      ask.want.labs = 0;
      wanted += ask.want.classrooms;
    }
    if (wanted <= round.pool.classrooms) return;
    const auto awards = proportional(round.pool, round.asks);
    for (std::size_t i = 0; i < awards.size(); ++i) {
      const auto quota = round.asks[i].want.classrooms * round.pool.classrooms;  // times `wanted`
      ASSERT_LT(std::abs(awards[i].grant.classrooms * wanted - quota), wanted);
    }
  });
}

}  // namespace
}  // namespace dti
