#include "dti/service/planning/explain.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "unit/service/planning/ledger_rows.hpp"

namespace dti {

void PrintTo(const ComeBack& rooms, std::ostream* out) {
  *out << rooms.classrooms << " classrooms, " << rooms.labs << " labs, " << rooms.conversions << " conversions";
}

namespace {

using fixtures::capacity_entry;
using fixtures::closed_entry;
using fixtures::granted_entry;
using fixtures::opened_entry;
using fixtures::released_entry;
using fixtures::replacing_entries;
using fixtures::view_of;
using fixtures::wait_list_on_entry;

TEST(WaysToWhole, AreTheLeastRoomsThatMustComeBack) {
  const struct {
    const char* name;
    Pool pool;
    Want want;
    std::vector<ComeBack> ways;
  } cases[] = {
      {"nothing lacks", {10, 4, 0}, {10, 4}, {}},
      {"classrooms alone", {7, 4, 10}, {10, 4}, {{3, 0, 0}}},
      {"labs, and no conversion is left", {20, 1, 0}, {10, 4}, {{0, 3, 0}, {0, 0, 3}}},
      {"labs, and no classroom is left for mobile labs", {10, 1, 10}, {10, 4}, {{0, 3, 0}, {3, 0, 0}}},
      {"both", {8, 1, 0}, {10, 4}, {{2, 3, 0}, {5, 0, 3}}},
      {"some mobile labs are possible", {11, 1, 10}, {10, 4}, {{0, 2, 0}, {2, 0, 0}}},
      {"an empty pool", {0, 0, 0}, {2, 1}, {{2, 1, 0}, {3, 0, 1}}},
  };
  for (const auto& [name, pool, want, ways] : cases) EXPECT_EQ(ways_to_whole(pool, want), ways) << name;
}

TEST(WaysToWhole, SufficeAndWithOneRoomLessDoNot) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  const auto up_to = [&](Quantity most) { return std::uniform_int_distribution<Quantity>{0, most}(random); };
  for (int i = 0; i < 20'000; ++i) {
    const Pool pool{up_to(8), up_to(8), up_to(8)};
    const Want want{up_to(8), up_to(8)};
    const auto is_whole = [&](const ComeBack& rooms) {
      const Pool more{pool.classrooms + rooms.classrooms, pool.labs + rooms.labs,
                      pool.conversions_left + rooms.conversions};
      return grant_status(want, allocate(more, want)) == Status::kOk;
    };
    const auto ways = ways_to_whole(pool, want);
    EXPECT_EQ(ways.empty(), is_whole({}));
    for (const auto& way : ways) {
      EXPECT_TRUE(is_whole(way));
      for (const auto part : {&ComeBack::classrooms, &ComeBack::labs, &ComeBack::conversions}) {
        auto less = way;
        --(less.*part);
        EXPECT_TRUE(less.*part < 0 || !is_whole(less));
      }
    }
  }
}

Explainer explain(ProgramId program, const std::vector<StoredEntry>& entries) {
  Explainer explainer{program};
  for (const auto& entry : entries) explainer.add(entry);
  return explainer;
}

const std::vector<StoredEntry> kLedger = {
    opened_entry({20, 6, 5}),
    granted_entry(2, 1, {3, 4}, {3, 4, 0}),
    granted_entry(3, 2, {6, 4}, {6, 2, 2}),
    granted_entry(4, 3, {5, 6}, {5, 0, 3}),
    granted_entry(5, 4, {1, 0}, {1, 0, 0}),
};

TEST(Explainer, TellsThePoolBeforeAndAfterAndWhatLacked) {
  const auto explainer = explain(3, kLedger);
  const auto& found = *explainer.found();
  EXPECT_EQ(found.seq, 4);
  EXPECT_EQ(found.before, (Pool{9, 0, 3}));
  EXPECT_EQ(found.after, (Pool{1, 0, 0}));
  EXPECT_EQ(found.by_rule, found.grant);
  EXPECT_EQ(found.status, Status::kNotEnoughResources);
  EXPECT_EQ(found.capacity, (Capacity{20, 6, 5}));
  EXPECT_EQ(found.come_back, (std::vector<ComeBack>{{0, 3, 0}, {2, 0, 3}}));
  EXPECT_EQ(explainer.view().head(), 5);
}

TEST(Explainer, NamesTheGrantsThatUseWhatLacked) {
  const auto explainer = explain(3, kLedger);
  const auto& found = *explainer.found();
  ASSERT_EQ(found.holders.size(), 3U);
  const auto& [kind, programs, rooms, largest, last] = found.holders[1];
  EXPECT_EQ(kind, RoomKind::kLabs);
  EXPECT_EQ(programs, 2U);
  EXPECT_EQ(rooms, 6);
  EXPECT_EQ(largest, (std::vector<Holder>{{1, 2, 4}, {2, 3, 2}}));
  EXPECT_EQ(last, (std::vector<Holder>{{2, 3, 2}, {1, 2, 4}}));
  EXPECT_EQ(found.holders[0].largest, (std::vector<Holder>{{2, 3, 8}, {1, 2, 3}}));  // mobile labs are classrooms
  EXPECT_EQ(found.holders[2].largest, (std::vector<Holder>{{2, 3, 2}}));
}

TEST(Explainer, NamesNoHoldersForAGrantThatIsWhole) {
  const auto explainer = explain(1, kLedger);
  EXPECT_EQ(explainer.found()->status, Status::kOk);
  EXPECT_TRUE(explainer.found()->holders.empty());
  EXPECT_TRUE(explainer.found()->come_back.empty());
}

TEST(Explainer, ExplainsTheLastGrantOfAProgramAndTellsWhatCameAfterIt) {
  auto ledger = kLedger;
  auto again = granted_entry(7, 3, {2, 1}, {2, 0, 1});
  again.row.generation = 2;
  ledger.insert(ledger.end(), {released_entry(6, kLedger[3]), again, capacity_entry(8, {40, 6, 9}), closed_entry(9)});
  const auto explainer = explain(3, ledger);
  EXPECT_EQ(explainer.found()->seq, 7);
  EXPECT_EQ(explainer.found()->generation, 2);
  EXPECT_EQ(explainer.found()->before, (Pool{8, 0, 3}));
  EXPECT_EQ(explainer.earlier_grants(), 1U);
  EXPECT_EQ(explainer.capacity_changes(), (std::vector<Seq>{8}));
  EXPECT_EQ(explainer.closed_at(), 9);
}

TEST(Explainer, TellsThatAGrantWasReleasedAndDoesNotCountReleasedGrantsAsHolders) {
  auto ledger = kLedger;
  ledger.push_back(released_entry(6, kLedger[3]));
  EXPECT_EQ(explain(3, ledger).found()->released_at, 6);
  const auto later = explain(5, {opened_entry({4, 2, 0}), granted_entry(2, 1, {0, 2}, {0, 2, 0}),
                                 released_entry(3, granted_entry(2, 1, {0, 2}, {0, 2, 0})),
                                 granted_entry(4, 2, {0, 1}, {0, 1, 0}), granted_entry(5, 5, {0, 2}, {0, 1, 0})});
  EXPECT_EQ(later.found()->holders.at(0).largest, (std::vector<Holder>{{2, 4, 1}}));
}

TEST(Explainer, ATopUpKeepsAllExceptMobileLabsAndIsTheRuleForTheRest) {
  auto first = granted_entry(3, 2, {3, 2}, {1, 0, 1});
  first.request_id = "r-2";
  std::vector<StoredEntry> ledger = {opened_entry({6, 1, 4}), granted_entry(2, 1, {4, 1}, {4, 1, 0}), first,
                                     wait_list_on_entry(4), released_entry(5, granted_entry(2, 1, {4, 1}, {4, 1, 0}))};
  ledger.back().row.cause = static_cast<std::int64_t>(Cause::kReleased);
  for (auto& entry : replacing_entries(first, 6, Cause::kToppedUp, {3, 2}, {3, 1, 1}, 3)) ledger.push_back(entry);
  const auto explainer = explain(2, ledger);
  const auto& found = *explainer.found();
  EXPECT_EQ(found.grant, found.by_rule);
  EXPECT_EQ(found.request_id, "r-2");
  ASSERT_TRUE(found.amendment);
  EXPECT_TRUE(found.amendment->is_top_up);
  EXPECT_EQ(found.before, (Pool{5, 1, 4}));
  EXPECT_EQ(found.asked, (Want{2, 2}));
}

TEST(Explainer, WhatAnAmendmentReturnsIsForProgramsThatCanUseIt) {
  const auto held = granted_entry(2, 1, {4, 0}, {4, 0, 0});
  std::vector<StoredEntry> ledger = {opened_entry({4, 0, 4}), held, granted_entry(3, 2, {3, 0}, {0, 0, 0}),
                                     wait_list_on_entry(4)};
  for (auto& entry : replacing_entries(held, 5, Cause::kAmended, {2, 1}, {2, 0, 0})) ledger.push_back(entry);
  const auto explainer = explain(1, ledger);
  const auto& found = *explainer.found();
  EXPECT_EQ(found.grant, found.by_rule);
  EXPECT_TRUE(found.amendment->is_for_others);
  EXPECT_EQ(found.before, (Pool{0, 0, 4}));
}

TEST(WaitingNow, TellsThePlaceAndWhatWouldHaveToComeBack) {
  const auto view = view_of({opened_entry({4, 0, 4}), granted_entry(2, 1, {5, 0}, {4, 0, 0}),
                             granted_entry(3, 2, {3, 1}, {0, 0, 0}), wait_list_on_entry(4)});
  const auto waiting = waiting_now(view, 2);
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting->since, 3);
  EXPECT_EQ(waiting->position, 2U);
  EXPECT_EQ(waiting->places, 2U);
  EXPECT_EQ(waiting->come_back, (std::vector<ComeBack>{{3, 1, 0}, {4, 0, 0}}));
  EXPECT_FALSE(waiting_now(view, 3));
}

TEST(Explainer, NamesTheQuotaThatAppliedAndItsPartOfTheWant) {
  Explainer explainer{2, [](ProgramId) { return FacultyId{1}; }};
  for (const auto& entry : {opened_entry({20, 1, 20}), fixtures::quota_entry(2, 1, {{6, false}, {2, false}}),
                            granted_entry(3, 1, {4, 4}, {4, 1, 1}), granted_entry(4, 2, {4, 4}, {2, 0, 0}),
                            fixtures::quota_entry(5, 1, {})}) {
    explainer.add(entry);
  }
  const auto& found = *explainer.found();
  EXPECT_EQ(found.quota, (Quota{{6, false}, {2, false}}));
  EXPECT_EQ(found.held_by_others, (CountedRooms{4, 2}));
  EXPECT_EQ(found.admitted, (Want{2, 0}));
  EXPECT_EQ(found.by_rule, found.grant);
  EXPECT_TRUE(found.come_back.empty()) << "the pool lacks nothing";
}

TEST(Explainer, FindsNothingForAProgramWithoutGrant) { EXPECT_FALSE(explain(9, kLedger).found()); }

TEST(Explainer, ShowsAGrantThatTheRuleDoesNotGive) {
  const auto explainer = explain(1, {opened_entry({20, 6, 5}), granted_entry(2, 1, {3, 4}, {3, 3, 0})});
  EXPECT_EQ(explainer.found()->grant, (Grant{3, 3, 0}));
  EXPECT_EQ(explainer.found()->by_rule, (Grant{3, 4, 0}));
}

}  // namespace
}  // namespace dti
