#include "dti/service/planning/what_if.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "dti/service/allocation/allocator.hpp"
#include "unit/service/planning/ledger_rows.hpp"

namespace dti {
namespace {

using fixtures::granted_entry;
using fixtures::opened_entry;
using fixtures::view_of;
using fixtures::wait_list_on_entry;

Ask ask(ProgramId program, Want want) { return {.program = program, .want = want, .arrival = program, .lot = program}; }

TEST(WhatIf, DecidesInOrderAsTheAllocatorDoes) {
  constexpr ProgramId kPrograms = 12;
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  const auto up_to = [&](Quantity most) { return std::uniform_int_distribution<Quantity>{0, most}(random); };
  for (int round = 0; round < 500; ++round) {
    const Capacity capacity{30 + up_to(40), up_to(30), up_to(30)};
    Allocator allocator;
    ASSERT_TRUE(allocator.add_programs(fixtures::catalog(1, kPrograms)));
    ASSERT_EQ(allocator.open(1, "s", capacity), std::nullopt);
    auto view = view_of({opened_entry(capacity)});
    const auto decide = [&](ProgramId program, const Want& want, std::vector<LedgerEntry>& entries) {
      const auto name = "p" + std::to_string(program);
      return allocator.decide(fixtures::request("s", "f1", {fixtures::ask(name, want.classrooms, want.labs)}), entries)
          .outcome.programs.at(0);
    };
    std::vector<LedgerEntry> entries;
    for (ProgramId program = 1; program <= kPrograms; program += 3) decide(program, {up_to(9), up_to(9)}, entries);
    for (const auto& entry : entries) view.add({.row = row_of(entry), .request_id = {}});

    std::vector<Ask> asks;
    for (ProgramId program = kPrograms; program >= 1; --program) {
      const auto* held = view.find(program);
      const bool repeats = held != nullptr && up_to(1) == 0;
      asks.push_back(ask(program, repeats ? held->want : Want{up_to(9), up_to(9)}));
      asks.back().arrival = static_cast<Seq>(asks.size());
    }
    const auto plan = what_if(view, view.left(), asks, Policy::kFirstCome);
    for (std::size_t i = 0; i < asks.size(); ++i) {
      const auto outcome = decide(asks[i].program, asks[i].want, entries);
      EXPECT_EQ(plan.requests[i].status, outcome.status);
      EXPECT_EQ(plan.requests[i].grant, outcome.grant);
    }
    EXPECT_EQ(plan.left, allocator.left(1));
  }
}

TEST(WhatIf, GivesWhatIsLeftToTheProgramsThatWaitFirst) {
  const auto view = view_of({opened_entry({4, 0, 4}), granted_entry(2, 1, {6, 0}, {4, 0, 0}),
                             granted_entry(3, 2, {3, 0}, {0, 0, 0}), wait_list_on_entry(4)});
  const std::vector<Ask> asks = {ask(3, {2, 0}), ask(1, {6, 0}), ask(2, {3, 0})};
  for (const auto policy : {Policy::kFirstCome, Policy::kMaxMin}) {
    const auto plan = what_if(view, {6, 0, 6}, asks, policy);
    EXPECT_EQ(plan.waiting, (WaitListSize{2, 2}));
    EXPECT_EQ(plan.requests[0].grant, (Grant{1, 0, 0}));
    EXPECT_EQ(plan.requests[1].grant, (Grant{6, 0, 0}));
    EXPECT_EQ(plan.requests[1].status, Status::kOk);
    EXPECT_EQ(plan.requests[2].grant, (Grant{3, 0, 0}));
    EXPECT_EQ(plan.left, (Pool{0, 0, 6}));
  }
  EXPECT_EQ(what_if(view, view.left(), asks, Policy::kFirstCome).waiting, (WaitListSize{2, 0}));
}

TEST(WhatIf, StaysWithinTheQuotasOfTheSemester) {
  SemesterView view{[](ProgramId program) { return FacultyId{program <= 3 ? 1U : 2U}; }};
  for (const auto& entry : {opened_entry({40, 10, 0}), fixtures::quota_entry(2, 1, {{10, false}, {}}),
                            granted_entry(3, 1, {4, 0}, {4, 0, 0})}) {
    view.add(entry);
  }
  const std::vector<Ask> asks = {ask(2, {5, 1}), ask(3, {5, 1}), ask(4, {9, 1})};
  const auto first_come = what_if(view, view.left(), asks, Policy::kFirstCome);
  EXPECT_EQ(first_come.requests[0].grant, (Grant{5, 1, 0}));
  EXPECT_EQ(first_come.requests[1].grant, (Grant{1, 1, 0}));
  EXPECT_EQ(first_come.requests[1].limited_by, LimitedBy::kQuota);
  EXPECT_EQ(first_come.requests[2].grant, (Grant{9, 1, 0}));
  const auto fair = what_if(view, view.left(), asks, Policy::kMaxMin);
  EXPECT_EQ(fair.requests[0].grant, (Grant{3, 1, 0}));
  EXPECT_EQ(fair.requests[1].grant, (Grant{3, 1, 0}));
  EXPECT_EQ(fair.requests[0].limited_by, LimitedBy::kQuota);
  EXPECT_EQ(fair.requests[2].grant, (Grant{9, 1, 0}));
}

TEST(WhatIf, LeavesAProgramThatHoldsAGrantOutOfARound) {
  const auto view = view_of({opened_entry({20, 0, 20}), granted_entry(2, 2, {8, 0}, {8, 0, 0})});
  const std::vector<Ask> asks = {ask(1, {10, 0}), ask(2, {9, 0}), ask(3, {10, 0})};
  const auto plan = what_if(view, view.left(), asks, Policy::kMaxMin);
  EXPECT_EQ(plan.requests[1].status, Status::kAlreadyHasResources);
  EXPECT_EQ(plan.requests[1].grant, (Grant{8, 0, 0}));
  EXPECT_FALSE(plan.requests[1].limited_by);
  EXPECT_EQ(plan.requests[0].grant, (Grant{6, 0, 0}));
  EXPECT_EQ(plan.requests[2].grant, (Grant{6, 0, 0}));
  EXPECT_EQ(plan.totals.holding, 1U);
}

TEST(WhatIf, SumsUpWhoGainsAndWhoLoses) {
  const auto view = view_of({opened_entry({20, 6, 20})});
  const std::vector<Ask> asks = {ask(1, {10, 4}), ask(2, {6, 4}), ask(3, {2, 4}), ask(4, {12, 0})};
  const auto plan = what_if(view, view.left(), asks, Policy::kMaxMin);
  EXPECT_EQ(plan.requests[0].first_come, (Grant{10, 4, 0}));
  EXPECT_EQ(plan.requests[0].grant, (Grant{3, 2, 2}));
  EXPECT_EQ(plan.totals.gaining, 2U);  // 2 -> 6 and 0 -> 6
  EXPECT_EQ(plan.totals.gained, 10);
  EXPECT_EQ(plan.totals.losing, 2U);  // 14 -> 7 and 10 -> 7
  EXPECT_EQ(plan.totals.lost, 10);
  EXPECT_EQ(plan.totals.whole, 1U);
  EXPECT_EQ(plan.totals.part, 3U);
  EXPECT_EQ(plan.totals.wanted, (Want{30, 12}));
  EXPECT_EQ(plan.totals.granted, (Grant{14, 6, 6}));
  EXPECT_EQ(plan.left, (Pool{0, 0, 14}));
}

TEST(WhatIf, ComparesAPolicyWithTheRoomsOfAnotherCapacity) {
  const auto view = view_of({opened_entry({2, 0, 0})});
  const std::vector<Ask> asks = {ask(1, {10, 0}), ask(2, {10, 0})};
  const auto plan = what_if(view, *left_of_capacity(view, {12, 0, 0}), asks, Policy::kFirstCome);
  EXPECT_EQ(plan.requests[0].grant, (Grant{10, 0, 0}));
  EXPECT_EQ(plan.requests[1].grant, (Grant{2, 0, 0}));
  EXPECT_EQ(plan.totals.gaining + plan.totals.losing, 0U);
}

TEST(LeftOfCapacity, KeepsTheGrants) {
  const auto view = view_of({opened_entry({20, 6, 5}), granted_entry(2, 1, {10, 8}, {10, 6, 2})});
  EXPECT_EQ(left_of_capacity(view, {12, 6, 2}), (Pool{0, 0, 0}));
  EXPECT_EQ(left_of_capacity(view, {40, 10, 40}), (Pool{28, 4, 38}));
  EXPECT_EQ(left_of_capacity(view, {11, 6, 2}), std::nullopt);
  EXPECT_EQ(left_of_capacity(view, {12, 5, 2}), std::nullopt);
  EXPECT_EQ(left_of_capacity(view, {12, 6, 1}), std::nullopt);
}

TEST(LotOf, DiffersForEachProgramOfADraw) {
  std::set<std::uint64_t> lots;
  for (std::uint64_t draw = 0; draw < 20; ++draw) {
    for (ProgramId program = 1; program <= 5'000; ++program) lots.insert(lot_of(draw, program));
  }
  EXPECT_EQ(lots.size(), 100'000U);
  EXPECT_EQ(lot_of(7, 1), lot_of(7, 1));
}

}  // namespace
}  // namespace dti
