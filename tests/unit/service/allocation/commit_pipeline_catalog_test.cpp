#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dti/service/allocation/commit_pipeline.hpp"
#include "unit/service/allocation/pipeline_harness.hpp"

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

}  // namespace
}  // namespace dti
