#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dti/service/pipeline/commit_pipeline.hpp"
#include "unit/service/pipeline/office_harness.hpp"

namespace dti {
namespace {

/// A semester of 380 classrooms and 60 labs. p1 of f1 holds 7 classrooms and 2 labs by entry 2.
class QuotaCommands : public fixtures::Office {
 protected:
  static SetQuota quota(QuotaLimit classrooms, QuotaLimit labs = {}) { return {"f1", {classrooms, labs}}; }
  [[nodiscard]] const Quotas& quotas() const { return pipeline_->allocator().quotas(1); }
  [[nodiscard]] std::vector<ProgramDetail> details_of(Token token) const { return replies_.at(token).details; }
};

TEST_F(QuotaCommands, ASetQuotaIsAnEntryAndLimitsTheNextGrant) {
  start();
  const auto set = made(to(quota({9, false}, {4, false}), 0));
  EXPECT_EQ(set.seq, 3);
  EXPECT_EQ(set.quota, (QuotaFacts{{{9, false}, {4, false}}, {7, 2}}));
  const auto& entry = ledger_[1].back();
  EXPECT_EQ(entry.row.kind, stored_code(EntryKind::kQuotaSet));
  EXPECT_EQ(entry.row.faculty_id, 1);
  EXPECT_EQ(entry.command_id, "c-1");
  const auto token = ask_for("p2", {5, 5}, "r-2");
  EXPECT_EQ(status_of(token), Status::kNotEnoughResources);
  EXPECT_EQ(grant_of(token), (Grant{2, 2, 0}));
  ASSERT_EQ(details_of(token).size(), 1U);
  EXPECT_EQ(
      details_of(token)[0].text,
      "the quota admits no more: faculty \"f1\" holds 9 classrooms and 4 labs with mobile labs, and its quota is at "
      "most 9 classrooms and at most 4 labs");
  EXPECT_EQ(grant_of(ask_for("p2", {5, 5}, "r-2")), (Grant{2, 2, 0})) << "a repeat gets the same";
}

TEST_F(QuotaCommands, ASoftLimitIsExceededAndTold) {
  start();
  made(to(quota({8, true}), 0));
  const auto token = ask_for("p2", {5, 5}, "r-2");
  EXPECT_EQ(status_of(token), Status::kOk);
  ASSERT_EQ(details_of(token).size(), 1U);
  EXPECT_EQ(
      details_of(token)[0].text,
      "a soft limit is exceeded: faculty \"f1\" holds 12 classrooms and 7 labs with mobile labs, and its quota is at "
      "most 8 classrooms (soft)");
}

TEST_F(QuotaCommands, AnotherFacultyHasNoQuotaByIt) {
  start();
  made(to(quota({7, false}, {2, false}), 0));
  auto what = fixtures::request("2025-10", "f2", {fixtures::ask("p1", 9, 9)});
  const auto token = send(std::move(what));
  turn();
  commit();
  EXPECT_EQ(grant_of(token), (Grant{9, 9, 0}));
  EXPECT_TRUE(details_of(token).empty());
}

TEST_F(QuotaCommands, AHardLimitBelowWhatIsHeldIsRefusedWithTheNumbers) {
  start();
  const auto refused = outcome_of(to(quota({6, false}), 0));
  ASSERT_EQ(error_in(refused), Status::kRefused);
  EXPECT_EQ(
      refused.error->detail,
      "faculty \"f1\" holds 7 classrooms and 2 labs with mobile labs, so its quota cannot be at most 6 classrooms; a "
      "soft limit can be less than that");
  EXPECT_EQ(refused.quota, (QuotaFacts{{}, {7, 2}}));
  made(to(quota({6, true}), 0, "c-2"));
  EXPECT_EQ(error_in(outcome_of(to(quota({6, false}), 3, "c-3"))), Status::kRefused) << "nor can it become hard";
  made(to(quota({7, false}), 3, "c-4"));
}

TEST_F(QuotaCommands, ACommandExpectsTheLastQuotaOfItsFaculty) {
  start();
  made(to(quota({9, false}), 0));
  const auto repeat = outcome_of(to(quota({9, false}), 0));
  EXPECT_TRUE(repeat.is_repeat);
  EXPECT_EQ(repeat.seq, 3);
  EXPECT_EQ(error_in(outcome_of(to(quota({10, false}), 0, "c-2"))), Status::kConflict);
  EXPECT_EQ(error_in(outcome_of(to(quota({10, false}), 3, "c-1"))), Status::kConflict)
      << "the id is of another command";
  EXPECT_EQ(outcome_of(to(quota({9, false}), 3, "c-3")).error, std::nullopt) << "nothing is to be changed";
  made(to(SetQuota{"f2", {{1, false}, {}}}, 0, "c-4"));
  made(to(quota({}), 3, "c-5"));
  EXPECT_EQ(quotas().quota(1), Quota{});
  EXPECT_EQ(quotas().quota(2), (Quota{{1, false}, {}}));
}

TEST_F(QuotaCommands, WhatNoStateAcceptsIsInvalid) {
  start();
  EXPECT_EQ(error_in(outcome_of(to(SetQuota{"f9", {}}, 0))), Status::kInvalidFaculty);
  for (const QuotaLimit limit : {QuotaLimit{-2, false}, QuotaLimit{-1, true}, QuotaLimit{1'000'000'001, false}}) {
    const auto fault = fault_of(to(quota(limit), 0));
    EXPECT_EQ(fault ? std::optional{fault->status} : std::nullopt, Status::kInvalidRequest) << limit.rooms;
  }
}

TEST_F(QuotaCommands, ADryRunChangesNothing) {
  start();
  auto what = to(quota({9, false}), 0);
  what.is_dry_run = true;
  const auto outcome = outcome_of(what);
  EXPECT_EQ(outcome.quota, (QuotaFacts{{{9, false}, {}}, {7, 2}}));
  EXPECT_EQ(quotas().quota(1), Quota{});
}

TEST_F(QuotaCommands, ARaisedQuotaLetsTheWaitListGoOn) {
  start();
  made(to(quota({8, false}), 0));
  ask_for("p2", {5, 0}, "r-2");  // entry 4: one classroom
  made(to(SetWaitList{true}, 0, "c-2"));
  EXPECT_FALSE(change_) << "the quota forbids everything";
  made(to(quota({10, false}), 3, "c-3"));
  ASSERT_TRUE(change_) << "the top-up";
  finish_change();
  EXPECT_EQ(pipeline_->allocator().program(1, 2).held->grant, (Grant{3, 0, 0}));
  made(to(release(), 2, "c-4"));
  ASSERT_TRUE(change_) << "what a program of the faculty returns is room in the quota";
  finish_change();
  EXPECT_EQ(pipeline_->allocator().program(1, 2).held->grant, (Grant{5, 0, 0}));
}

TEST_F(QuotaCommands, AQuotaIsKnownAfterATakeOver) {
  start();
  made(to(quota({8, false}), 0));
  pipeline_.reset();
  pipeline_.emplace(PipelineOptions{}, StartOptions{});
  pipeline_->on_start(now_);
  collect();
  take_over();
  EXPECT_EQ(quotas().quota(1), (Quota{{8, false}, {}}));
  EXPECT_EQ(quotas().held(1), (CountedRooms{7, 2}));
  EXPECT_EQ(grant_of(ask_for("p2", {5, 0}, "r-2")), (Grant{1, 0, 0}));
}

}  // namespace
}  // namespace dti
