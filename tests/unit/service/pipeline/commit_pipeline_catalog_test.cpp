#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dti/service/pipeline/commit_pipeline.hpp"
#include "unit/service/pipeline/pipeline_harness.hpp"

namespace dti {
namespace {

using fixtures::ask;
using fixtures::request;

/// Changes of the catalogue, which has f1/p1 … f4/p5 and 24 entries of the registry.
class CatalogBarrier : public fixtures::Pipeline {
 protected:
  static OfficeCommand adds(const std::string& program, Seq expects = 24, std::string id = "plan-1") {
    OfficeCommand command;
    command.id = std::move(id);
    command.expects = expects;
    command.actor = "local/1000";
    command.catalog = ChangeCatalog{hex_text(StoreId{}), {{"f1", program}}};
    return command;
  }
  static OfficeCommand changes(const std::string& program, std::optional<std::string> new_name, Seq expects = 24,
                               std::string id = "c-1") {
    auto command = adds({}, expects, std::move(id));
    command.catalog->rows.clear();
    command.catalog->program = ChangeProgram{{"f1", program}, std::move(new_name)};
    return command;
  }
  /// Makes a change. @return the outcome
  OfficeOutcome make(const OfficeCommand& wanted) {
    const auto token = command(wanted);
    turn();
    catalog_look_up();
    if (catalog_change_) finish_catalog_change();
    return outcomes_.at(token);
  }
  /// The reply to a request after its commit or guard.
  const Outcome& ask_and_wait(const std::string& program, Quantity classrooms = 1) {
    const auto token = send(request("2025-10", "f1", {ask(program, classrooms, 0)}));
    turn();
    if (commit_) commit();
    if (guard_) answer_guard(CommitResult::kCommitted);
    return replies_.at(token);
  }
  Token ask_for(const std::string& program) { return send(request("2025-10", "f1", {ask(program, 1, 0)})); }
  [[nodiscard]] Status status_of(Token token) const { return replies_.at(token).programs.at(0).status; }
};

TEST_F(CatalogBarrier, AProgramIsFoundByRequestsOnceItIsStored) {
  start();
  const auto added = command(adds("p6"));
  const auto asked = ask_for("p6");  // it arrived after the barrier
  turn();
  catalog_look_up();
  ASSERT_TRUE(catalog_change_);
  EXPECT_EQ(catalog_change_->programs.at(0).name, "p6");
  EXPECT_EQ(catalog_change_->base, 24);
  EXPECT_FALSE(is_answered(asked)) << "nothing is decided until the store has it";
  finish_catalog_change();
  EXPECT_FALSE(outcomes_.at(added).error);
  EXPECT_EQ(outcomes_.at(added).catalog->programs, 21);
  commit();
  EXPECT_EQ(status_of(asked), Status::kOk);
}

TEST_F(CatalogBarrier, WhatArrivedBeforeIsDecidedByTheCatalogueOfBefore) {
  start();
  const auto before = ask_for("p6");
  command(adds("p6"));
  turn();
  ASSERT_TRUE(guard_) << "the request that found no program needs a guard first";
  answer_guard(CommitResult::kCommitted);
  EXPECT_EQ(status_of(before), Status::kInvalidProgram);
  catalog_look_up();
  finish_catalog_change();
}

TEST_F(CatalogBarrier, AChangeInDoubtIsFoundAfterTheTakeOverAndIsNoRepeatForItsSender) {
  start();
  const auto added = command(adds("p6"));
  turn();
  catalog_look_up();
  store_catalog_change();
  answer_catalog_change(failure(StorageError::Kind::kInDoubt));
  EXPECT_FALSE(is_answered(added));
  take_over();
  catalog_look_up();
  ASSERT_TRUE(outcomes_.contains(added));
  EXPECT_FALSE(outcomes_.at(added).error);
  EXPECT_FALSE(outcomes_.at(added).is_repeat);
  ASSERT_EQ(notes_.size(), 1U);
  EXPECT_EQ(notes_[0].programs_added, 1) << "the log tells the same as without the failure";
  EXPECT_EQ(pipeline_->allocator().catalog().size(), 21U);
}

TEST_F(CatalogBarrier, AChangeInDoubtThatIsNotStoredIsMadeAgain) {
  start();
  const auto added = command(adds("p6"));
  turn();
  catalog_look_up();
  answer_catalog_change(failure(StorageError::Kind::kInDoubt));
  take_over();
  catalog_look_up();
  finish_catalog_change();
  EXPECT_EQ(outcomes_.at(added).seq, 25);
}

TEST_F(CatalogBarrier, ASecondCopyIsARepeatAndWritesNothing) {
  start();
  command(adds("p6"));
  turn();
  catalog_look_up();
  finish_catalog_change();
  const auto again = command(adds("p6"));
  turn();
  catalog_look_up();
  EXPECT_FALSE(catalog_change_);
  EXPECT_TRUE(outcomes_.at(again).is_repeat);
}

TEST_F(CatalogBarrier, AServerThatWasReplacedChangesNothing) {
  start();
  const auto added = command(adds("p6"));
  turn();
  catalog_look_up();
  answer_catalog_change(CommitResult::kReplaced);
  EXPECT_EQ(outcomes_.at(added).error->status, Status::kNotLeader);
  EXPECT_EQ(pipeline_->allocator().catalog().size(), 20U);
}

TEST_F(CatalogBarrier, AChangeThatTheStoreRejectsGetsUnavailableAndTheServerGoesOn) {
  start();
  const auto added = command(adds("p6"));
  turn();
  catalog_look_up();
  answer_catalog_change(failure(StorageError::Kind::kRejected));
  EXPECT_EQ(outcomes_.at(added).error->status, Status::kUnavailable);
  EXPECT_TRUE(pipeline_->is_ready(now_));
}

TEST_F(CatalogBarrier, ALookUpOfAServerThatWasReplacedAnswersNothing) {
  start();
  const auto added = command(adds("p6"));
  turn();
  catalog_look_up(CommitResult::kReplaced);
  EXPECT_EQ(outcomes_.at(added).error->status, Status::kNotLeader);
}

TEST_F(CatalogBarrier, ACommandWithoutStoreIsADryRunOnly) {
  start();
  auto bare = adds("p6");
  bare.catalog->store.clear();
  const auto refused = command(bare);
  turn();
  EXPECT_EQ(outcomes_.at(refused).error->status, Status::kInvalidRequest);
}

TEST_F(CatalogBarrier, ARenamedProgramIsServedByItsNewNameOnceItIsStored) {
  start();
  EXPECT_EQ(ask_and_wait("p1").programs.at(0).status, Status::kOk);
  const auto renamed = command(changes("p1", "q"));
  const auto by_new_name = ask_for("q");
  turn();
  catalog_look_up();
  ASSERT_TRUE(catalog_change_);
  EXPECT_EQ(catalog_change_->changes, (std::vector<ProgramChange>{{25, 1, 1, "q", "q"}}));
  EXPECT_TRUE(catalog_change_->programs.empty());
  EXPECT_FALSE(is_answered(by_new_name));
  finish_catalog_change();
  EXPECT_FALSE(outcomes_.at(renamed).error);
  if (guard_) answer_guard(CommitResult::kCommitted);
  EXPECT_EQ(status_of(by_new_name), Status::kOk) << "it holds the grant that it had";
  const auto& by_old_name = ask_and_wait("p1");
  EXPECT_EQ(by_old_name.programs.at(0).status, Status::kInvalidProgram);
  ASSERT_EQ(by_old_name.details.size(), 1U);
  EXPECT_EQ(by_old_name.details[0].text, "the program is called \"q\" now");
}

TEST_F(CatalogBarrier, ARetiredProgramKeepsItsGrantAndGetsNoNewOne) {
  start();
  EXPECT_EQ(ask_and_wait("p1").programs.at(0).status, Status::kOk);
  EXPECT_FALSE(make(changes("p1", {})).error);
  EXPECT_FALSE(make(changes("p2", {}, 25, "c-2")).error);
  EXPECT_EQ(ask_and_wait("p1").programs.at(0).status, Status::kOk) << "a repeat";
  EXPECT_EQ(ask_and_wait("p1", 2).programs.at(0).status, Status::kAlreadyHasResources);
  const auto& refused = ask_and_wait("p2");
  EXPECT_EQ(refused.programs.at(0).status, Status::kInvalidProgram);
  ASSERT_EQ(refused.details.size(), 1U);
  EXPECT_EQ(refused.details[0].text, "the program is retired: it gets no new rooms");
  EXPECT_EQ(ask_and_wait("p3").programs.at(0).status, Status::kOk);
}

TEST_F(CatalogBarrier, AStandbyAndANewServerKnowTheChanges) {
  start();
  EXPECT_FALSE(make(changes("p1", "q")).error);
  EXPECT_FALSE(make(changes("p2", {}, 25, "c-2")).error);
  start({}, {});
  EXPECT_EQ(ask_and_wait("q").programs.at(0).status, Status::kOk);
  EXPECT_EQ(ask_and_wait("p1").programs.at(0).status, Status::kInvalidProgram);
  EXPECT_EQ(ask_and_wait("p2").programs.at(0).status, Status::kInvalidProgram);
  EXPECT_TRUE(make(changes("p1", "q")).is_repeat);
}

TEST_F(CatalogBarrier, AChangedProgramInDoubtIsFoundAfterTheTakeOver) {
  start();
  const auto renamed = command(changes("p1", "q"));
  turn();
  catalog_look_up();
  store_catalog_change();
  answer_catalog_change(failure(StorageError::Kind::kInDoubt));
  take_over();
  catalog_look_up();
  EXPECT_FALSE(outcomes_.at(renamed).error);
  EXPECT_FALSE(outcomes_.at(renamed).is_repeat);
  EXPECT_EQ(ask_and_wait("q").programs.at(0).status, Status::kOk);
}

TEST_F(CatalogBarrier, AStoreThatHasLostAChangeIsReadAgain) {
  start();
  EXPECT_FALSE(make(changes("p1", "q")).error);
  const auto renamed = command(changes("q", "r", 25, "c-2"));
  turn();
  catalog_look_up();
  changes_.clear();
  registry_head_ = 24;
  catalog_commands_.clear();
  answer_catalog_change(failure(StorageError::Kind::kInDoubt));
  take_over();  // the store was set back
  take_over();  // it is read as a whole
  catalog_look_up();
  EXPECT_EQ(outcomes_.at(renamed).error->status, Status::kInvalidProgram);
  EXPECT_EQ(ask_and_wait("p1").programs.at(0).status, Status::kOk);
}

}  // namespace
}  // namespace dti
