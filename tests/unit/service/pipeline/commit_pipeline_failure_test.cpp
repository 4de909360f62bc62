#include "dti/service/pipeline/commit_pipeline.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/service/pipeline/pipeline_harness.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;
using fixtures::kCapacity;
using fixtures::opened;
using fixtures::Pipeline;
using fixtures::request;

// A store that is somewhere else.

TEST_F(Pipeline, TellsARepeatNotLeaderWhenTheGuardSaysSo) {
  start();
  const auto token = send_one("p1", 1, 1, "2030-10");
  turn();
  answer_guard(CommitResult::kReplaced);
  EXPECT_EQ(error_of(token), Status::kNotLeader);
}

TEST_F(Pipeline, DecidesAgainOnTheStoresStateWhenTheBaseMoved) {
  start();
  const auto token = send_one("p1", 380, 0);
  turn();
  ledger_[1].push_back(fixtures::granted(2, 2, {370, 0}, {370, 0, 0}));
  stored_[1].head = 2;
  stored_[1].left = {10, 60, 380};
  answer_commit(CommitResult::kBaseMoved);
  EXPECT_FALSE(pipeline_->is_ready(now_));
  take_over();
  commit();
  EXPECT_EQ(grant_of(token), (Grant{10, 0, 0}));
}

// Failures.

TEST_F(Pipeline, GivesTheCommittedGrantWhenACommitInDoubtDidHappen) {
  start();
  const auto token = send_one("p1");
  turn();
  const auto other = send_one("p2", 380, 0);
  store_batch();
  answer_commit(failure(StorageError::Kind::kInDoubt));
  EXPECT_FALSE(is_answered(token));
  take_over();
  ASSERT_TRUE(commit_);
  EXPECT_EQ(commit_->entries.size(), 1U);  // the other one; the first is there
  commit();
  EXPECT_EQ(grant_of(token), (Grant{7, 2, 0}));
  EXPECT_EQ(grant_of(other), (Grant{373, 0, 0}));
}

TEST_F(Pipeline, GrantsAnewWhenACommitInDoubtDidNotHappen) {
  start();
  const auto token = send_one("p1");
  turn();
  answer_commit(failure(StorageError::Kind::kInDoubt));
  take_over();
  ASSERT_TRUE(commit_);
  EXPECT_EQ(commit_->epoch, 2);
  commit();
  EXPECT_EQ(grant_of(token), (Grant{7, 2, 0}));
}

TEST_F(Pipeline, KeepsTheOrderOfArrivalThroughAFailure) {
  start({}, {"2025-10", "2026-10"});
  const auto a = send_one("p1", 300, 0);
  turn();
  const auto b = send_one("p2", 300, 0);
  const auto c = send_one("p1", 300, 0, "2026-10");
  const auto d = send_one("p3", 300, 0);
  answer_commit(failure(StorageError::Kind::kUnavailable));
  const auto e = send_one("p4", 300, 0);
  take_over();
  while (commit_) commit();
  EXPECT_EQ(grant_of(a), (Grant{300, 0, 0}));
  EXPECT_EQ(grant_of(b), (Grant{80, 0, 0}));
  EXPECT_EQ(grant_of(c), (Grant{300, 0, 0}));
  EXPECT_EQ(grant_of(d), (Grant{0, 0, 0}));
  EXPECT_EQ(grant_of(e), (Grant{0, 0, 0}));
}

TEST_F(Pipeline, TriesToTakeOverAgainWhileTheStoreIsAway) {
  start();
  send_one("p1");
  turn();
  answer_commit(failure(StorageError::Kind::kInDoubt));
  for (int i = 0; i < 4; ++i) {
    fail_take_over(StorageError::Kind::kUnavailable);
    EXPECT_FALSE(take_over_);
    ASSERT_TRUE(pipeline_->wake_at());
    advance(std::chrono::ceil<std::chrono::milliseconds>(*pipeline_->wake_at() - now_.steady));
    EXPECT_TRUE(take_over_);
  }
  take_over();
  EXPECT_TRUE(pipeline_->is_ready(now_));
  commit();
  EXPECT_EQ(replies_.size(), 1U);
}

TEST_F(Pipeline, LogsAStoreThatCannotBeReachedOnceInTenSeconds) {
  start();
  send_one("p1");
  turn();
  answer_commit(failure(StorageError::Kind::kInDoubt));
  for (const auto until = now_.steady + 25s; now_.steady < until;) {
    if (take_over_) fail_take_over(StorageError::Kind::kUnavailable);
    advance(std::chrono::ceil<std::chrono::milliseconds>(*pipeline_->wake_at() - now_.steady));
  }
  EXPECT_EQ(logged("store-unavailable"), 3U);
}

TEST_F(Pipeline, LogsASilentStoreOnceAMinuteAndThatItAnswersAgain) {
  start({.store_timeout = 1s});
  send_one("p1");
  turn();
  const auto fall_silent_for = [&](std::chrono::seconds duration) {
    for (const auto until = now_.steady + duration; now_.steady < until;) {
      advance(1s);  // the server interrupts
      if (commit_) {
        answer_commit(failure(StorageError::Kind::kInDoubt));
      } else {
        fail_take_over(StorageError::Kind::kUnreachable);
      }
      while (!take_over_) advance(100ms);
    }
  };
  fall_silent_for(1s);
  EXPECT_EQ(logged("store-silent"), 1U) << "at once";
  fall_silent_for(150s);
  EXPECT_EQ(logged("store-silent"), 3U);
  EXPECT_GT(interrupts_, 50);
  EXPECT_EQ(logged("store-answers-again"), 0U);
  take_over();
  EXPECT_EQ(logged("store-answers-again"), 1U);
  turn();
  if (commit_) commit();
  EXPECT_EQ(logged("store-answers-again"), 1U) << "once";
  send_one("p2");
  turn();
  fall_silent_for(1s);
  EXPECT_EQ(logged("store-silent"), 4U) << "the next silence is told at once";
}

TEST_F(Pipeline, TellsThatAStandbysSilentStoreAnswersAgain) {
  start_store();
  pipeline_.emplace(PipelineOptions{.store_timeout = 1s}, StartOptions{});
  pipeline_->on_start(now_);
  collect();
  refuse_take_over();
  while (!watch_) advance(100ms);
  advance(1s);
  EXPECT_EQ(logged("store-silent"), 1U);
  fail_watch(StorageError::Kind::kUnreachable);
  EXPECT_EQ(logged("store-answers-again"), 0U);
  while (!watch_) advance(100ms);
  watch();
  EXPECT_EQ(logged("store-answers-again"), 1U);
}

TEST_F(Pipeline, HasRoomForTheNextRequestHoweverTheOneBeforeEnded) {
  start({.store_timeout = 1s, .requests_max = 1, .lease = {{}, 1h}});
  struct Case {
    const char* what;
    std::function<void()> end;  // of the one request that was decided, and is being committed
    Status told;
  };
  const Case cases[] = {
      {"refused by the store", [&] { answer_commit(failure(StorageError::Kind::kRejected)); }, Status::kUnavailable},
      {"told that it was too late while the store was away",
       [&] {
         answer_commit(failure(StorageError::Kind::kUnavailable));
         advance(1s);
         take_over();
       },
       Status::kUnavailable},
      {"told that it was too late, and stored",
       [&] {
         advance(1s);
         commit();
       },
       Status::kUnavailable},
      {"told that it was too late, and taken back",
       [&] {
         advance(1s);
         answer_commit(failure(StorageError::Kind::kInDoubt));
         take_over();
       },
       Status::kUnavailable},
      {"sent to another leader",
       [&] {
         answer_commit(CommitResult::kReplaced);
         advance(0s);
         find_free();
         take_over();
       },
       Status::kNotLeader},
  };
  int number = 0;
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const auto program = "p" + std::to_string(++number);
    const auto first = send_one(program);
    turn();
    c.end();
    EXPECT_EQ(error_of(first), c.told);
    const auto next = send_one(program);
    turn();
    if (guard_) {
      answer_guard(CommitResult::kCommitted);
    } else {
      commit();
    }
    EXPECT_EQ(grant_of(next), (Grant{7, 2, 0}));
  }
}

TEST_F(Pipeline, DoesNotLeadWhenItsTakeOverSucceedsAfterTheEnd) {
  start_store();
  pipeline_.emplace(PipelineOptions{}, StartOptions{});
  pipeline_->on_start(now_);
  pipeline_->on_stop(now_);
  collect();
  ASSERT_TRUE(exit_);
  EXPECT_EQ(pipeline_->wake_at(), std::nullopt);
  take_over();
  EXPECT_TRUE(said_.empty());
  EXPECT_FALSE(pipeline_->is_ready(now_));
}

TEST_F(Pipeline, PausesBeforeItTakesOverFromAStoreThatFailsAgainAndAgain) {
  start();
  send_one("p1");
  turn();
  answer_commit(failure(StorageError::Kind::kInDoubt));
  EXPECT_TRUE(take_over_) << "at once, the first time";
  take_over();
  answer_commit(failure(StorageError::Kind::kInDoubt));
  EXPECT_FALSE(take_over_);
  advance(200ms);
  EXPECT_TRUE(take_over_);
  take_over();
  commit();
  send_one("p2");
  turn();
  answer_commit(failure(StorageError::Kind::kInDoubt));
  EXPECT_TRUE(take_over_) << "a commit ended the row";
}

TEST_F(Pipeline, TellsARequestThatComesAfterTheEndWhy) {
  start();
  send_one("p1");
  turn();
  answer_commit(failure(StorageError::Kind::kRefused));
  ASSERT_TRUE(exit_);
  const auto late = send_one("p2");
  collect();
  ASSERT_EQ(error_of(late), Status::kUnavailable);
  EXPECT_EQ(replies_.at(late).error->detail.find("the store cannot be used"), 0U) << replies_.at(late).error->detail;
}

TEST_F(Pipeline, TellsARequestThatComesDuringAStopUnavailable) {
  start();
  send_one("p1");
  turn();
  pipeline_->on_stop(now_);
  const auto late = send_one("p2");
  collect();
  EXPECT_EQ(error_of(late), Status::kUnavailable);
}

TEST_F(Pipeline, WakesToCutACallThatNobodyWaitsFor) {
  start({.store_timeout = 1s});
  advance(2s);  // the lease is to be renewed
  ASSERT_TRUE(renewal_);
  ASSERT_EQ(pipeline_->wake_at(), now_.steady + 1s);
  advance(1s);
  EXPECT_EQ(interrupts_, 1);
}

TEST_F(Pipeline, IsNotReadyWhileTheStoreIsSilent) {
  start();
  send_one("p1");
  turn();
  EXPECT_TRUE(pipeline_->is_ready(now_));
  advance(1'001ms);
  EXPECT_FALSE(pipeline_->is_ready(now_));
  commit();
  EXPECT_TRUE(pipeline_->is_ready(now_));
}

TEST_F(Pipeline, TellsThatTheStoreDoesNotAnswerFromAFailedCallToTheNextAnswer) {
  start();
  EXPECT_TRUE(pipeline_->store_answers(now_));
  send_one("p1");
  turn();
  answer_commit(failure(StorageError::Kind::kInDoubt));
  EXPECT_FALSE(pipeline_->store_answers(now_)) << "though the failed call took no time";
  for (int i = 0; i < 3; ++i) {
    fail_take_over(StorageError::Kind::kUnreachable);
    EXPECT_FALSE(pipeline_->store_answers(now_)) << "between two calls";
    advance(1s);
    EXPECT_FALSE(pipeline_->store_answers(now_)) << "while a call is in progress";
  }
  take_over();
  EXPECT_TRUE(pipeline_->store_answers(now_));
}

TEST_F(Pipeline, TellsThatTheStoreAnswersWhileALongReadingGoesOn) {
  start();
  send_one("p1");
  turn();
  answer_commit(CommitResult::kBaseMoved);
  for (int i = 0; i < 3; ++i) {
    advance(1s);
    EXPECT_TRUE(pipeline_->store_answers(now_)) << i;
    pipeline_->on_piece(std::vector<CatalogProgram>{}, now_);
  }
  advance(1s + 1ms);
  EXPECT_FALSE(pipeline_->store_answers(now_));
}

TEST_F(Pipeline, EndsWhenTheStoreLostASemesterThatWasServed) {
  start({}, {"2025-10", "2026-10"});
  const auto token = send_one("p1");
  turn();
  stored_.erase(2);
  answer_commit(failure(StorageError::Kind::kUnavailable));
  take_over();
  EXPECT_EQ(error_of(token), Status::kUnavailable);
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 1);
}

TEST_F(Pipeline, ReadsEverythingAgainWhenTheStoreLostPrograms) {
  start();
  send_one("p1");
  turn();
  program_count_ = 19;
  answer_commit(failure(StorageError::Kind::kUnavailable));
  take_over();
  ASSERT_TRUE(take_over_);
  EXPECT_EQ(take_over_->known.program_count, 0U);
  EXPECT_TRUE(take_over_->known.heads.empty());
}

TEST_F(Pipeline, DoesNotServeAClosedSemester) {
  start();
  send_one("p1");
  turn();
  stored_[1].is_open = false;
  const auto token = send_one("p2");
  answer_commit(CommitResult::kBaseMoved);
  take_over();
  answer_guard(CommitResult::kCommitted);
  EXPECT_EQ(error_of(token), Status::kInvalidSemester);
}

TEST_F(Pipeline, TakesOverOnceAndThenStopsWhenAConstraintFires) {
  start();
  const auto token = send_one("p1");
  turn();
  answer_commit(failure(StorageError::Kind::kInvariant));
  ASSERT_TRUE(take_over_);
  EXPECT_TRUE(take_over_->known.heads.empty()) << "everything is read again";
  take_over();
  answer_commit(failure(StorageError::Kind::kInvariant));
  EXPECT_EQ(error_of(token), Status::kUnavailable);
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 1);
}

TEST_F(Pipeline, StartsOverWhenTheStoreLostEntriesThatWereAnswered) {
  start();
  send_one("p1");
  turn();
  commit();
  ledger_[1].pop_back();  // an asynchronous failover of the database
  stored_[1].head = 1;
  stored_[1].left = full_pool(kCapacity);
  const auto token = send_one("p2", 380, 0);
  turn();
  answer_commit(CommitResult::kBaseMoved);
  take_over();
  EXPECT_NE(std::find(events_.begin(), events_.end(), "store-lost-entries"), events_.end());
  commit();
  EXPECT_EQ(grant_of(token), (Grant{380, 0, 0}));
}

TEST_F(Pipeline, ReadsEverythingAgainWhenAnotherHistoryGrewOnALostOne) {
  start();
  send_one("p1");
  turn();
  commit();
  ledger_[1] = {opened(kCapacity), fixtures::granted(2, 2, {300, 0}, {300, 0, 0}),
                fixtures::granted(3, 3, {1, 0}, {1, 0, 0})};
  stored_[1].head = 3;
  stored_[1].left = {79, 60, 380};
  const auto token = send_one("p4", 380, 0);
  turn();
  answer_commit(CommitResult::kBaseMoved);
  take_over();  // entry 3 fits on what is known, but the sum does not
  ASSERT_TRUE(take_over_);
  EXPECT_TRUE(take_over_->known.heads.empty());
  take_over();
  commit();
  EXPECT_EQ(grant_of(token), (Grant{79, 0, 0}));
}

TEST_F(Pipeline, RefusesToServeAStoreThatContradictsItself) {
  pipeline_.emplace(PipelineOptions{}, StartOptions{});
  pipeline_->on_start(now_);
  collect();
  stored_[1] = {.id = 1, .name = "2025-10", .epoch = 1, .head = 1, .capacity = kCapacity, .left = {379, 60, 380}};
  ledger_[1] = {opened(kCapacity)};
  take_over();
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 1);
  EXPECT_NE(exit_->reason.find("2025-10"), std::string::npos);
}

TEST_F(Pipeline, WaitsAtItsStartForAStoreThatCannotBeReachedYet) {
  start_store();
  pipeline_.emplace(PipelineOptions{.store_timeout = 1s}, StartOptions{});
  pipeline_->on_start(now_);
  collect();
  const auto waiting = send_one("p1");
  for (int i = 0; i < 8; ++i) {
    fail_take_over(StorageError::Kind::kUnreachable);
    ASSERT_FALSE(exit_);
    EXPECT_FALSE(pipeline_->is_ready(now_));
    EXPECT_FALSE(take_over_) << "not at once";
    advance(1s);
    EXPECT_TRUE(take_over_);
  }
  EXPECT_EQ(error_of(waiting), Status::kUnavailable);
  EXPECT_EQ(said_, std::vector<std::string>{});
  EXPECT_EQ(std::count(events_.begin(), events_.end(), "store-unavailable"), 1) << "more would fill the log";
  take_over();
  EXPECT_EQ(said_, std::vector<std::string>{"READY"});
  const auto later = send_one("p1");
  turn();
  commit();
  EXPECT_EQ(grant_of(later), (Grant{7, 2, 0}));
}

TEST_F(Pipeline, IsStoppedInOrderWhileItWaitsForAStoreThatCannotBeReachedYet) {
  pipeline_.emplace(PipelineOptions{}, StartOptions{});
  pipeline_->on_start(now_);
  collect();
  fail_take_over(StorageError::Kind::kUnreachable);
  pipeline_->on_stop(now_);
  collect();
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 0);
}

TEST_F(Pipeline, EndsWhenItsSessionIsFoundUnfitAsTheLeaseIsRenewed) {
  start();
  advance(PipelineOptions{}.lease.duration);
  answer_renewal(failure(StorageError::Kind::kRefused));
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 1);
  EXPECT_EQ(exit_->reason, "as the test says");
}

TEST_F(Pipeline, EndsWhenTheFirstTakeOverFails) {
  for (const auto kind : {StorageError::Kind::kUnavailable, StorageError::Kind::kRejected, StorageError::Kind::kRefused,
                          StorageError::Kind::kCorrupt}) {
    exit_.reset();
    take_over_.reset();
    pipeline_.emplace(PipelineOptions{}, StartOptions{});
    pipeline_->on_start(now_);
    collect();
    fail_take_over(kind);
    ASSERT_TRUE(exit_);
    EXPECT_EQ(exit_->code, 1);
    EXPECT_EQ(exit_->reason, "the store is away");
  }
}

TEST_F(Pipeline, LeadsADatabaseWithAnotherHistoryOnlyAfterItHasReadAllAgain) {
  start();
  send_one("p1");
  turn();
  commit();
  history_ = "2";
  ledger_[1].pop_back();  // an asynchronous replica lacked it
  stored_.at(1).head = 1;
  stored_.at(1).left = full_pool(fixtures::kCapacity);
  const auto repeat = send_one("p1");
  turn();
  answer_guard(failure(StorageError::Kind::kUnreachable));
  take_over();
  ASSERT_TRUE(take_over_);
  EXPECT_TRUE(take_over_->known.heads.empty());
  EXPECT_FALSE(is_answered(repeat));
  take_over();
  EXPECT_EQ(logged("store-history-changed"), 1U);
  EXPECT_EQ(logged("store-lost-entries"), 1U);
  EXPECT_FALSE(is_answered(repeat)) << "its grant is not in the store";
  commit();
  EXPECT_EQ(grant_of(repeat), (Grant{7, 2, 0}));
}

}  // namespace
}  // namespace dti
