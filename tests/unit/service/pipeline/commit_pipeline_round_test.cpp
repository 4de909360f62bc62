#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dti/service/ledger/ledger_replay.hpp"
#include "unit/service/pipeline/office_harness.hpp"

namespace dti {
namespace {

/// Rounds of a semester with 380 classrooms and 60 labs. After start(), f1/p1 holds 7 classrooms and 2 labs by entry 2.
class Rounds : public fixtures::Office {
 protected:
  static RoundPlan plan_of(std::vector<Ask> asks, std::string policy = "max-min") {
    return {hex_text(StoreId{}), "2025-10", std::move(policy), std::move(asks)};
  }
  static RunRound run(RoundPlan plan) { return {std::move(plan), hex_text(kSecret)}; }
  static OpenRound open(const RoundPlan& plan) { return {hex_text(commitment_of({kSecret.bytes}, hash_of(plan)))}; }
  /// Opens a round. @return its entry
  Seq opened(const RoundPlan& plan, Seq expects = 0, const std::string& id = "c-open") {
    const auto outcome = made(to(open(plan), expects, id));
    ledger_[1].back().seal = kSeal;
    return outcome.seq;
  }
  [[nodiscard]] std::optional<HeldGrant> held(ProgramId program) const {
    return pipeline_->allocator().program(1, program).held;
  }
  /// The first difference of the stored ledger from the rule.
  [[nodiscard]] std::string fault_of_ledger() {
    LedgerReplay replay{program_count_};
    for (const auto& entry : ledger_[1]) {
      auto row = entry.row;
      if (entry.request_id) row.request = id_hash(*entry.request_id);
      if (const auto found = replay.add(row)) return to_string(*found);
    }
    const auto found = replay.finish(stored_.at(1), epoch_);
    return found ? to_string(*found) : std::string{};
  }

  static inline const Seal kSecret = [] {
    Seal secret;
    secret.bytes.fill(7);
    return secret;
  }();
  static inline const Seal kSeal = [] {
    Seal seal;
    seal.bytes.fill(9);
    return seal;
  }();
  const std::vector<Ask> asks_ = {{.program = 2, .want = {300, 40}}, {.program = 3, .want = {300, 40}, .weight = 2}};
};

TEST_F(Rounds, ARoundGrantsItsProgramsTogetherInOneChange) {
  start();
  const auto plan = plan_of(asks_);
  EXPECT_EQ(opened(plan), 3);
  const auto outcome = made(to(run(plan), 3, "c-run"));
  EXPECT_EQ(error_in(outcome), std::nullopt);
  EXPECT_EQ(outcome.seq, 4) << "the entry of the round";
  EXPECT_EQ(outcome.round, (RoundFacts{2, 0}));
  const auto& ledger = ledger_[1];
  ASSERT_EQ(ledger.size(), 6U);
  EXPECT_EQ(ledger[3].row.kind, stored_code(EntryKind::kRound));
  EXPECT_EQ(ledger[4].row.terms, "class=1 weight=1 floor=0");
  EXPECT_EQ(ledger[5].row.terms, "class=1 weight=2 floor=0");
  for (std::size_t i = 3; i < 6; ++i) EXPECT_EQ(ledger[i].command_id, "c-run");
  const auto one = held(2)->grant;
  const auto other = held(3)->grant;
  const auto rooms = [](const Grant& grant) { return grant.classrooms + grant.labs + grant.mobile_labs; };
  EXPECT_EQ(rooms(one) + rooms(other), 380 + 60 - 9);
  EXPECT_LE(std::abs(rooms(one) - rooms(other)), 1);
  EXPECT_EQ(outcome.left, pipeline_->allocator().left(1));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Rounds, AProgramThatHoldsAGrantIsLeftOut) {
  start();
  auto asks = asks_;
  asks.push_back({.program = 1, .want = {9, 9}});
  const auto plan = plan_of(asks);
  opened(plan);
  ask_for("p2", {3, 0}, "r-2");
  EXPECT_EQ(made(to(run(plan), 3, "c-run")).round, (RoundFacts{1, 2}));
  EXPECT_EQ(held(1), (HeldGrant{{7, 2}, {7, 2, 0}}));
  EXPECT_EQ(held(2), (HeldGrant{{3, 0}, {3, 0, 0}}));
  EXPECT_EQ(held(3), (HeldGrant{{300, 40}, {300, 40, 0}}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Rounds, ARoundKeepsTheHardLimitOfAFaculty) {
  start();
  made(to(SetQuota{"f1", {{9, false}, {4, false}}}, 0, "c-quota"));
  for (const auto* const policy : {"max-min", "first-come"}) {
    const auto plan = plan_of({{.program = policy == std::string{"max-min"} ? 2U : 3U, .want = {300, 40}}}, policy);
    const auto opening = opened(plan, pipeline_->allocator().totals(1).round_at, std::string{"c-open-"} + policy);
    made(to(run(plan), opening, std::string{"c-run-"} + policy));
  }
  EXPECT_EQ(held(2), (HeldGrant{{300, 40}, {2, 2, 0}})) << "program 1 holds 7 of the 9 classrooms, and 2 of the 4 labs";
  EXPECT_EQ(held(3), (HeldGrant{{300, 40}, {0, 0, 0}})) << "the first round has used the quota up";
}

TEST_F(Rounds, AProgramWhoseGrantWasReleasedGetsItsNextGeneration) {
  start();
  made(to(release(), 2));
  const auto plan = plan_of({{.program = 1, .want = {1, 0}}});
  opened(plan);
  made(to(run(plan), 4, "c-run"));
  EXPECT_EQ(ledger_[1].back().row.generation, 2);
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Rounds, ZeroRoomsAreAGrant) {
  start();
  const auto plan =
      plan_of({{.program = 2, .want = {500, 100}}, {.program = 3, .want = {1, 0}}, {.program = 4, .want = {0, 0}}},
              "first-come");
  opened(plan);
  made(to(run(plan), 3, "c-run"));
  EXPECT_EQ(held(3), (HeldGrant{{1, 0}, {0, 0, 0}}));
  EXPECT_EQ(held(4), (HeldGrant{{0, 0}, {0, 0, 0}}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Rounds, ARepeatGrantsNothingTwice) {
  start();
  const auto plan = plan_of(asks_);
  opened(plan);
  made(to(run(plan), 3, "c-run"));
  const auto again = outcome_of(to(run(plan), 3, "c-run"));
  EXPECT_TRUE(again.is_repeat);
  EXPECT_EQ(again.seq, 4);
  EXPECT_EQ(again.round, (RoundFacts{2, 0}));
  EXPECT_EQ(error_in(outcome_of(to(run(plan), 3, "c-other"))), Status::kConflict);
  const auto used = outcome_of(to(run(plan), 4, "c-other"));
  EXPECT_EQ(error_in(used), Status::kRefused);
  EXPECT_EQ(used.error->detail, "no round is open: dtictl round open opens one");
}

TEST_F(Rounds, ADryRunWritesNothing) {
  start();
  const auto plan = plan_of(asks_);
  opened(plan);
  auto what = to(run(plan), 3, "c-dry");
  what.is_dry_run = true;
  const auto outcome = outcome_of(what);
  EXPECT_EQ(outcome.round, (RoundFacts{2, 0}));
  EXPECT_EQ(ledger_[1].size(), 3U);
  EXPECT_FALSE(held(2));
}

TEST_F(Rounds, TheNewestOpeningCounts) {
  start();
  const auto plan = plan_of(asks_);
  opened(plan);
  EXPECT_EQ(opened(plan_of({asks_[0]}), 3, "c-other"), 4);
  EXPECT_EQ(outcome_of(to(run(plan), 4, "c-run")).error->detail,
            "the secret and the plan are not those with which entry 4 opened the round");
  EXPECT_EQ(made(to(run(plan_of({asks_[0]})), 4, "c-run")).round, (RoundFacts{1, 0}));
}

TEST_F(Rounds, WhatCannotBeHeldIsRefusedWithItsReason) {
  start();
  const auto plan = plan_of(asks_);
  EXPECT_EQ(outcome_of(to(run(plan), 0, "c-1")).error->detail, "no round is open: dtictl round open opens one");
  auto other_store = plan;
  other_store.store = "abcd";
  auto no_program = plan;
  no_program.asks.push_back({.program = 99, .want = {1, 0}});
  const auto all_hold = plan_of({{.program = 1, .want = {1, 0}}});
  const auto endless = plan_of({{.program = 2, .want = {1'000'000, 1'000'000}},
                                {.program = 3, .want = {1'000'000, 1'000'000}},
                                {.program = 4, .want = {1'000'000, 1'000'000}},
                                {.program = 5, .want = {1'000'000, 1'000'000}},
                                {.program = 6, .want = {1'000'000, 1'000'000}},
                                {.program = 7, .want = {1'000'000, 1'000'000}}},
                               "drf");
  const struct {
    RoundPlan plan;
    const char* detail;
  } cases[] = {{other_store, "the plan is for the store \"abcd\""},
               {no_program, "the plan names program 99, and the catalogue has"},
               {all_hold, "each program of the plan holds a grant already"},
               {endless, "drf would take too long"}};
  Seq last = 0;
  for (const auto& [refused, detail] : cases) {
    last = opened(refused, last, std::string{"c-open-"} + detail);
    const auto outcome = outcome_of(to(run(refused), last, "c-2"));
    EXPECT_EQ(error_in(outcome), Status::kRefused) << detail;
    EXPECT_NE(outcome.error->detail.find(detail), std::string::npos) << outcome.error->detail;
  }
  auto unknown = to(run(plan_of(asks_, "fair")), last, "c-3");
  EXPECT_EQ(error_in(outcome_of(unknown)), Status::kInvalidRequest);
}

TEST_F(Rounds, AWrongSecretIsRefused) {
  start();
  const auto plan = plan_of(asks_);
  opened(plan);
  const auto outcome = outcome_of(to(RunRound{plan, std::string(64, '0')}, 3, "c-run"));
  EXPECT_EQ(error_in(outcome), Status::kRefused);
}

TEST_F(Rounds, RequestsThatArriveMeanwhileAreDecidedAfterTheRound) {
  start();
  const auto plan = plan_of(asks_);
  opened(plan);
  const auto round = command(to(run(plan), 3, "c-run"));
  const auto request = send_as("p4", {400, 0}, "r-4");
  turn();
  look_up();
  finish_change();
  EXPECT_TRUE(outcomes_.contains(round));
  turn();
  if (commit_) commit();
  EXPECT_EQ(grant_of(request), (Grant{0, 0, 0}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Rounds, ARoundWhoseOutcomeIsNotKnownIsMadeOnce) {
  start();
  const auto plan = plan_of(asks_);
  opened(plan);
  const auto round = command(to(run(plan), 3, "c-run"));
  turn();
  look_up();
  store_change();
  answer_change(StoreFailure{StorageError::Kind::kInDoubt, "the connection broke"});
  for (int i = 0; i < 10 && !outcomes_.contains(round); ++i) {
    if (take_over_) take_over();
    turn();
    if (look_up_) look_up();
    if (change_) finish_change();
  }
  ASSERT_TRUE(outcomes_.contains(round));
  EXPECT_EQ(error_in(outcomes_[round]), std::nullopt);
  EXPECT_EQ(outcomes_[round].round, (RoundFacts{2, 0}));
  EXPECT_EQ(ledger_[1].size(), 6U);
  EXPECT_EQ(fault_of_ledger(), "");
}

}  // namespace
}  // namespace dti
