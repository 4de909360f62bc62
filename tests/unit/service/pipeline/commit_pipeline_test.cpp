#include "dti/service/pipeline/commit_pipeline.hpp"

#include <string>

#include <gtest/gtest.h>

#include "unit/service/pipeline/pipeline_harness.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;
using fixtures::ask;
using fixtures::Pipeline;
using fixtures::request;

// Group commit.

TEST_F(Pipeline, ServesSemestersThatLookAlikeAndNamesThemWithEscapes) {
  start({}, {"2025-10", "2025-20", "2025-10\r"});
  ASSERT_EQ(logged("semesters-look-alike"), 1u);
  EXPECT_NE(last_logged("semesters-look-alike").find("\"2025-10\" and \"2025-10\\u000d\""), std::string::npos);
}

TEST_F(Pipeline, LeadsAStoreWithoutAnOpenSemesterAndWarns) {
  start({}, {});
  EXPECT_EQ(logged("no-open-semester"), 1u);
  const auto token = send_one("p1");
  turn();
  answer_guard(CommitResult::kCommitted);
  EXPECT_EQ(error_of(token), Status::kInvalidSemester);
}

TEST_F(Pipeline, LeadsAlthoughTheSemesterOfItsSettingsIsClosedAndWarns) {
  start_store();
  stored_[1].is_open = false;
  StartOptions settings;
  settings.semester.emplace().name = "2025-10";
  pipeline_.emplace(PipelineOptions{}, std::move(settings));
  pipeline_->on_start(now_);
  collect();
  take_over();
  EXPECT_TRUE(pipeline_->is_ready(now_));
  EXPECT_EQ(logged("semester-is-closed"), 1u);
}

TEST_F(Pipeline, AnswersAfterTheCommitAndNotBefore) {
  start();
  const auto token = send_one("p1");
  turn();
  EXPECT_FALSE(is_answered(token));
  commit();
  EXPECT_EQ(grant_of(token), (Grant{7, 2, 0}));
}

TEST_F(Pipeline, CommitsWhatOneTurnBroughtAsOneBatch) {
  start();
  send_one("p1");
  send_one("p2");
  turn();
  ASSERT_TRUE(commit_);
  EXPECT_EQ(commit_->entries.size(), 2U);
  EXPECT_EQ(commit_->messages.size(), 2U);
  EXPECT_EQ(commit_->charged, (Pool{14, 4, 0}));
}

TEST_F(Pipeline, GathersTheNextBatchWhileOneIsInFlight) {
  start();
  const auto first = send_one("p1");
  turn();
  const auto second = send_one("p2");
  const auto third = send_one("p3");
  turn();
  EXPECT_EQ(commit_->entries.size(), 1U);
  commit();
  EXPECT_TRUE(is_answered(first));
  EXPECT_FALSE(is_answered(second));
  ASSERT_TRUE(commit_);
  EXPECT_EQ(commit_->base, 2);
  EXPECT_EQ(commit_->entries.size(), 2U);
  commit();
  EXPECT_TRUE(is_answered(second) && is_answered(third));
  EXPECT_FALSE(commit_);
}

TEST_F(Pipeline, StartsTheNextBatchBeforeTheRepliesOfTheLastOneLeave) {
  start();
  send_one("p1");
  turn();
  send_one("p2");
  turn();
  store_batch();
  pipeline_->on_store(Ended<CommitCall>{CommitResult::kCommitted}, now_);
  const auto actions = pipeline_->take_actions();
  ASSERT_EQ(actions.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<CommitCall>(std::get<StoreCall>(actions[0])));
  EXPECT_TRUE(std::holds_alternative<SendReply>(actions[1]));
}

TEST_F(Pipeline, StartsAGuardReadBeforeTheRepliesOfTheLastBatchLeave) {
  start();
  const auto first = send_one("p1");
  turn();
  send_one("p1", 7, 2, "1999-10");  // not open: a refusal, which writes nothing
  turn();
  store_batch();
  pipeline_->on_store(Ended<CommitCall>{CommitResult::kCommitted}, now_);
  const auto actions = pipeline_->take_actions();
  ASSERT_EQ(actions.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<GuardCall>(std::get<StoreCall>(actions[0])));
  EXPECT_EQ(std::get<SendReply>(actions[1]).token, first);
}

TEST_F(Pipeline, TheLastFacultysReplyLeavesBeforeTheExitThoughABatchHadStarted) {
  start({.faculties_to_answer = 1});
  const auto first = send_one("p1");
  turn();
  const auto second = send_one("p2");
  turn();
  commit();
  EXPECT_TRUE(is_answered(first));
  EXPECT_FALSE(exit_);
  commit();
  EXPECT_TRUE(is_answered(second));
  answer_resignation();
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 0);
}

TEST_F(Pipeline, LetsSemestersTakeTurns) {
  start({}, {"2025-10", "2026-10"});
  send_one("p1", 1, 1, "2025-10");
  turn();
  send_one("p2", 1, 1, "2025-10");
  send_one("p1", 1, 1, "2026-10");
  turn();
  commit();
  EXPECT_EQ(commit_->semester_id, 1);
  send_one("p3", 1, 1, "2025-10");
  turn();
  commit();
  EXPECT_EQ(commit_->semester_id, 2);
  commit();
  EXPECT_EQ(commit_->semester_id, 1);
}

TEST_F(Pipeline, ClosesABatchWithTheMessageThatReachesItsBound) {
  start({.batch_entries_max = 3});
  send(request("2025-10", "f1", {ask("p1", 1, 1), ask("p2", 1, 1)}));
  send(request("2025-10", "f2", {ask("p1", 1, 1), ask("p2", 1, 1)}));
  send(request("2025-10", "f3", {ask("p1", 1, 1)}));
  turn();
  EXPECT_EQ(commit_->entries.size(), 4U);
  commit();
  EXPECT_EQ(commit_->entries.size(), 1U);
  commit();
  EXPECT_EQ(replies_.size(), 3U);
}

// Answers that write nothing.

TEST_F(Pipeline, AnswersARepeatAfterAGuardRead) {
  start();
  send_one("p1");
  turn();
  commit();
  const auto repeat = send_one("p1");
  turn();
  EXPECT_FALSE(commit_);
  ASSERT_TRUE(guard_);
  EXPECT_FALSE(is_answered(repeat));
  ASSERT_EQ(guard_->semesters.size(), 1U);
  EXPECT_EQ(guard_->semesters[0].head, 2);
  answer_guard(CommitResult::kCommitted);
  EXPECT_EQ(grant_of(repeat), (Grant{7, 2, 0}));
}

TEST_F(Pipeline, LetsARepeatRideWithTheBatchItRestsOn) {
  start();
  send_one("p1");
  const auto repeat = send_one("p1");
  turn();
  EXPECT_FALSE(is_answered(repeat));
  commit();
  EXPECT_TRUE(is_answered(repeat));
  EXPECT_FALSE(guard_);
}

TEST_F(Pipeline, HoldsARepeatOfWhatIsInFlightUntilThatIsStored) {
  start();
  send_one("p1");
  turn();
  const auto repeat = send_one("p1");
  turn();
  EXPECT_FALSE(guard_);
  commit();
  EXPECT_FALSE(is_answered(repeat));
  answer_guard(CommitResult::kCommitted);
  EXPECT_TRUE(is_answered(repeat));
}

TEST_F(Pipeline, AnswersARepeatBehindAFullBatchOnlyAfterIt) {
  start({.batch_entries_max = 1}, {"2025-10", "2026-10"});
  send_one("p9", 1, 1, "no such semester");
  send_one("p1");
  const auto repeat = send_one("p1");
  turn();
  ASSERT_TRUE(guard_);  // for the unknown semester alone
  EXPECT_TRUE(guard_->semesters.empty());
  answer_guard(CommitResult::kCommitted);
  ASSERT_TRUE(commit_);
  EXPECT_FALSE(is_answered(repeat));
  commit();
  answer_guard(CommitResult::kCommitted);
  EXPECT_TRUE(is_answered(repeat));
}

TEST_F(Pipeline, RefusesAnUnknownSemesterOrFacultyAfterAGuardRead) {
  start();
  const auto semester = send_one("p1", 1, 1, "2030-10");
  const auto faculty = send(request("2025-10", "nobody", {ask("p1", 1, 1)}));
  turn();
  EXPECT_TRUE(replies_.empty());
  answer_guard(CommitResult::kCommitted);
  EXPECT_EQ(error_of(semester), Status::kInvalidSemester);
  EXPECT_EQ(error_of(faculty), Status::kInvalidFaculty);
}

// Bounds.

TEST_F(Pipeline, TellsOverloadedAtOnceWhenTooManyRequestsWait) {
  start({.requests_max = 2});
  send_one("p1");
  turn();
  send_one("p2");
  const auto refused = send_one("p3");
  collect();
  EXPECT_EQ(error_of(refused), Status::kOverloaded);
  EXPECT_TRUE(replies_.at(refused).error->retry_after);
  commit();
  commit();
  const auto accepted = send_one("p3");
  turn();
  commit();
  EXPECT_TRUE(grant_of(accepted));
}

TEST_F(Pipeline, TellsOverloadedWhenTooManyBytesWait) {
  start({.bytes_max = 250});
  send_one("p1");
  send_one("p2");
  const auto refused = send_one("p3");
  collect();
  EXPECT_EQ(error_of(refused), Status::kOverloaded);
}

TEST_F(Pipeline, TellsUnavailableAtTheDeadlineAndNothingAfterwards) {
  start({.store_timeout = 1s});
  const auto in_flight = send_one("p1");
  turn();
  advance(500ms);
  const auto gathering = send_one("p2");
  advance(500ms);
  EXPECT_EQ(error_of(in_flight), Status::kUnavailable);
  EXPECT_FALSE(is_answered(gathering));
  EXPECT_EQ(interrupts_, 1);
  commit();  // it did commit after all: no second reply, and the grant stands
  commit();
  EXPECT_TRUE(grant_of(gathering));
  const auto repeat = send_one("p1");
  turn();
  answer_guard(CommitResult::kCommitted);
  EXPECT_EQ(grant_of(repeat), (Grant{7, 2, 0}));
}

TEST_F(Pipeline, ForgetsARequestThatWasToldUnavailableWhenItsCommitFailed) {
  start({.store_timeout = 1s});
  send_one("p1", 380, 0);
  turn();
  advance(1s);
  answer_commit(failure(StorageError::Kind::kInDoubt));
  take_over();
  EXPECT_FALSE(commit_);
  const auto other = send_one("p2", 380, 0);
  turn();
  commit();
  EXPECT_EQ(grant_of(other), (Grant{380, 0, 0}));
}

TEST_F(Pipeline, ExpiresRequestsThatWaitForATakeOver) {
  start({.store_timeout = 1s});
  send_one("p1");
  turn();
  answer_commit(failure(StorageError::Kind::kUnavailable));
  fail_take_over(StorageError::Kind::kUnavailable);
  const auto late = send_one("p2");
  advance(999ms);
  EXPECT_TRUE(replies_.empty());
  advance(1ms);
  EXPECT_EQ(replies_.size(), 2U);
  EXPECT_EQ(error_of(late), Status::kUnavailable);
}

TEST_F(Pipeline, DoesNotInterruptALoadThatMakesProgress) {
  start({.store_timeout = 1s});
  send_one("p1");
  turn();
  answer_commit(failure(StorageError::Kind::kUnavailable));
  ASSERT_TRUE(take_over_);
  for (int i = 0; i < 5; ++i) {
    advance(900ms);
    pipeline_->on_piece(LedgerPiece{1, false, {}}, now_);
  }
  EXPECT_EQ(interrupts_, 0);
  advance(1s);
  EXPECT_EQ(interrupts_, 1);
}

// Stopping.

TEST_F(Pipeline, StopsAtOnceWhenNothingWaits) {
  start();
  pipeline_->on_stop(now_);
  collect();
  answer_resignation();
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 0);
}

TEST_F(Pipeline, AnswersAllThatWaitBeforeItStops) {
  start();
  const auto first = send_one("p1");
  turn();
  const auto second = send_one("p2");
  pipeline_->on_stop(now_);
  collect();
  EXPECT_FALSE(pipeline_->takes_requests());
  EXPECT_FALSE(exit_);
  commit();
  EXPECT_FALSE(exit_);
  commit();
  EXPECT_TRUE(grant_of(first) && grant_of(second));
  answer_resignation();
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 0);
}

TEST_F(Pipeline, FinishesATakeOverBeforeItStopsWhenRequestsWaitForIt) {
  start();
  const auto token = send_one("p1");
  turn();
  answer_commit(failure(StorageError::Kind::kUnavailable));
  pipeline_->on_stop(now_);
  collect();
  EXPECT_FALSE(exit_);
  take_over();
  commit();
  EXPECT_TRUE(grant_of(token));
  answer_resignation();
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 0);
}

TEST_F(Pipeline, TellsUnavailableWhenTheStoreIsSilentWhileItStops) {
  start();
  const auto token = send_one("p1");
  turn();
  pipeline_->on_stop(now_);
  advance(1'499ms);
  EXPECT_FALSE(exit_);
  advance(1ms);
  EXPECT_EQ(error_of(token), Status::kUnavailable);
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 1);
  EXPECT_TRUE(pipeline_->is_calling());
}

TEST_F(Pipeline, StopsByItselfOnceSoManyFacultiesWereAnsweredWithoutError) {
  start({.faculties_to_answer = 2});
  send(request("2025-10", "f1", {ask("p1", 1, 1)}));
  send(request("2025-10", "F-1", {ask("p2", 1, 1)}));
  send(request("2030-10", "f2", {ask("p1", 1, 1)}));
  turn();
  commit();
  answer_guard(CommitResult::kCommitted);
  EXPECT_FALSE(exit_);
  send(request("2025-10", "f2", {ask("p1", 1, 1)}));
  turn();
  commit();
  answer_resignation();
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 0);
}

}  // namespace
}  // namespace dti
