// Standing by, and taking the lead.
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dti/service/pipeline/commit_pipeline.hpp"
#include "unit/service/pipeline/pipeline_harness.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;
using fixtures::kCapacity;
using Texts = std::vector<std::string>;

class Standby : public fixtures::Pipeline {
 protected:
  /// A server that finds another one in the lead.
  void start_beside_another(PipelineOptions options = {}, StartOptions start = {}) {
    start_store();
    pipeline_.emplace(options, std::move(start));
    pipeline_->on_start(now_);
    collect();
    refuse_take_over();
  }
  /// The leader grants program `id` 7 classrooms.
  void grant_elsewhere(ProgramId id) {
    auto& semester = stored_.at(1);
    ledger_[1].push_back(fixtures::granted(++semester.head, id, {7, 0}, {7, 0, 0}));
    semester.left = charge(semester.left, {7, 0, 0});
  }
  [[nodiscard]] std::string leader_of(Token token) const { return replies_.at(token).error->leader; }
};

TEST_F(Standby, StandsByWhileAnotherServerHoldsTheLead) {
  start_beside_another();
  EXPECT_EQ(said_, Texts{"STANDBY"});
  EXPECT_FALSE(exit_);
  EXPECT_FALSE(pipeline_->is_ready(now_));
  EXPECT_TRUE(pipeline_->takes_requests());
}

TEST_F(Standby, SendsAtOnceWhoeverAsksToTheLeader) {
  start_store();
  pipeline_.emplace(PipelineOptions{}, StartOptions{});
  pipeline_->on_start(now_);
  collect();
  const auto early = send_one("p1");
  EXPECT_FALSE(is_answered(early));
  refuse_take_over("first:1");
  EXPECT_EQ(error_of(early), Status::kNotLeader);
  EXPECT_EQ(leader_of(early), "first:1");
  const auto later = send_one("p2");
  collect();
  EXPECT_EQ(error_of(later), Status::kNotLeader);
  EXPECT_FALSE(replies_.at(later).error->retry_after) << "it knows where to go";
  advance(100ms);
  watch("second:2");
  const auto last = send_one("p2");
  collect();
  EXPECT_EQ(leader_of(last), "second:2");
}

TEST_F(Standby, TellsWhoeverAsksToComeBackWhenTheLeaderIsNotKnown) {
  start_store();
  pipeline_.emplace(PipelineOptions{}, StartOptions{});
  pipeline_->on_start(now_);
  collect();
  refuse_take_over("");
  const auto token = send_one("p1");
  collect();
  EXPECT_EQ(leader_of(token), "");
  EXPECT_TRUE(replies_.at(token).error->retry_after);
}

TEST_F(Standby, HoldsNothingOfWhatItHasRefused) {
  start_beside_another({.requests_max = 2});
  for (int i = 0; i < 10; ++i) {
    const auto token = send_one("p1");
    collect();
    EXPECT_EQ(error_of(token), Status::kNotLeader);
  }
}

TEST_F(Standby, LooksTenTimesASecondAndReadsOnlyWhatWasAdded) {
  start_beside_another();
  EXPECT_FALSE(watch_);
  advance(100ms);
  ASSERT_TRUE(watch_);
  EXPECT_TRUE(watch_->heads.empty());
  watch();
  grant_elsewhere(1);
  advance(99ms);
  EXPECT_FALSE(watch_);
  ASSERT_TRUE(pipeline_->wake_at());
  EXPECT_EQ(*pipeline_->wake_at(), now_.steady + 1ms);
  advance(1ms);
  ASSERT_TRUE(watch_);
  EXPECT_EQ(watch_->heads.at(1), 1);
  EXPECT_EQ(watch_->program_count, 20U);
  watch();
  advance(100ms);
  EXPECT_EQ(watch_->heads.at(1), 2);
}

TEST_F(Standby, IsNotBehindAfterEachWatchHoweverMuchIsGrantedBetweenThem) {
  start_beside_another();
  EXPECT_FALSE(pipeline_->leadership().has_followed());
  for (ProgramId id = 1; id <= 9; id += 3) {
    for (ProgramId each = id; each < id + 3; ++each) grant_elsewhere(each);
    advance(100ms);
    see_heads();
    EXPECT_EQ(pipeline_->entries_behind(), id == 1 ? 4U : 3U) << "what the watch must read";
    watch();
    EXPECT_EQ(pipeline_->entries_behind(), 0U);
    EXPECT_TRUE(pipeline_->leadership().has_followed());
    EXPECT_EQ(pipeline_->leadership().followed_at(), now_.steady);
  }
}

TEST_F(Standby, StaysBehindByWhatAWatchThatFailsHasNotRead) {
  start_beside_another();
  advance(100ms);
  watch();
  const auto followed_at = now_.steady;
  grant_elsewhere(1);
  advance(100ms);
  see_heads();
  fail_watch(StorageError::Kind::kUnavailable);
  EXPECT_EQ(pipeline_->entries_behind(), 1U);
  EXPECT_EQ(pipeline_->leadership().followed_at(), followed_at);
}

TEST_F(Standby, HasNotFollowedWhenAWatchFindsTheLeadFreeOrAContradiction) {
  start_beside_another();
  advance(100ms);
  watch();
  const auto followed_at = now_.steady;
  ledger_[1].push_back(ledger_[1].back());  // an entry out of order
  ++stored_.at(1).head;
  advance(100ms);
  watch();
  EXPECT_EQ(pipeline_->leadership().followed_at(), followed_at);
  EXPECT_GT(pipeline_->entries_behind(), 0U);
  ledger_[1].pop_back();
  --stored_.at(1).head;
  advance(100ms);
  find_free();
  EXPECT_EQ(pipeline_->leadership().followed_at(), followed_at);
}

TEST_F(Standby, TakesAFreeLeadAndReadsOnlyTheRest) {
  start_beside_another();
  advance(100ms);
  grant_elsewhere(1);
  watch();
  grant_elsewhere(2);
  advance(100ms);
  find_free();
  ASSERT_TRUE(take_over_);
  EXPECT_EQ(take_over_->known.heads.at(1), 2);
  const auto token = send_one("p3");  // it waits: the lead is not taken yet
  collect();
  EXPECT_FALSE(is_answered(token));
  EXPECT_FALSE(pipeline_->is_ready(now_));
  take_over();
  EXPECT_EQ(said_, (Texts{"STANDBY", "READY"}));
  EXPECT_TRUE(pipeline_->is_ready(now_));
  ASSERT_TRUE(commit_);
  EXPECT_EQ(commit_->base, 3);
  commit();
  EXPECT_EQ(grant_of(token), (Grant{7, 2, 0}));
}

TEST_F(Standby, GoesOnStandingByWhenAThirdServerWasFaster) {
  start_beside_another();
  advance(100ms);
  find_free();
  const auto token = send_one("p1");
  refuse_take_over("third:3");
  EXPECT_EQ(leader_of(token), "third:3");
  EXPECT_FALSE(watch_) << "no loop without a pause";
  advance(100ms);
  EXPECT_TRUE(watch_);
  EXPECT_EQ(said_, Texts{"STANDBY"});
}

TEST_F(Standby, TriesAgainWhenTheStoreRejectsTheSemesterWithWhichItWasStarted) {
  start_beside_another({}, {.semester = SemesterToOpen{"2026-10", 1, 1, {}}, .catalog = {}, .default_catalog = {}});
  advance(100ms);
  find_free();
  fail_take_over(StorageError::Kind::kRejected);
  EXPECT_FALSE(exit_) << "a full disk passes";
  advance(1s);
  take_over();
  EXPECT_EQ(said_, (Texts{"STANDBY", "READY"}));
}

TEST_F(Standby, ChecksWhatItWasStartedWithWhenItTakesTheLead) {
  start_beside_another({}, {.semester = SemesterToOpen{"2026-10", 1, 1, {}}, .catalog = {}, .default_catalog = {}});
  advance(100ms);
  find_free();
  ASSERT_TRUE(take_over_);
  EXPECT_TRUE(take_over_->start);
  take_over();
  send_one("p1");
  turn();
  answer_commit(failure(StorageError::Kind::kUnavailable));
  ASSERT_TRUE(take_over_);
  EXPECT_FALSE(take_over_->start) << "done once";
}

TEST_F(Standby, TakesTheLeadWithoutLookingAgainAtWhatItHasSeenToFit) {
  start_beside_another({}, {.semester = {}, .catalog = {{"f1", "p1"}, {"f4", "p5"}}, .default_catalog = {}});
  advance(100ms);
  watch();
  advance(100ms);
  find_free();
  ASSERT_TRUE(take_over_ && take_over_->start);
  EXPECT_TRUE(take_over_->start_fits);
  EXPECT_TRUE(take_over_->start->catalog.empty()) << "the store has all of it";
}

TEST_F(Standby, AddsTheCatalogueItWasStartedWithIfTheLeaderHadLess) {
  start_beside_another({}, {.semester = {}, .catalog = {{"f1", "p1"}, {"f1", "new"}}, .default_catalog = {}});
  advance(100ms);
  watch();
  advance(100ms);
  find_free();
  ASSERT_TRUE(take_over_ && take_over_->start);
  EXPECT_EQ(take_over_->start->catalog.size(), 2U);
}

TEST_F(Standby, OutlivesAStoreThatIsAwayAndLooksAgain) {
  start_beside_another();
  advance(100ms);
  for (const auto pause : {100ms, 200ms, 400ms}) {
    fail_watch(StorageError::Kind::kUnavailable);
    advance(pause - 1ms);
    EXPECT_FALSE(watch_);
    advance(1ms);
    EXPECT_TRUE(watch_);
  }
  EXPECT_FALSE(exit_);
  watch();
  advance(100ms);
  find_free();
  fail_take_over(StorageError::Kind::kUnavailable);
  EXPECT_FALSE(exit_) << "it has stood by: the store works";
  advance(100ms);
  EXPECT_TRUE(take_over_);
}

TEST_F(Standby, EndsWhenTheStoreRefusesIt) {
  for (const auto kind : {StorageError::Kind::kRefused, StorageError::Kind::kCorrupt}) {
    exit_.reset();
    watch_.reset();
    stored_.clear();
    start_beside_another();
    advance(100ms);
    fail_watch(kind);
    ASSERT_TRUE(exit_);
    EXPECT_EQ(exit_->code, 1);
  }
}

TEST_F(Standby, EndsWithACodeOfItsOwnWhenHistoryWasRewritten) {
  start_beside_another();
  advance(100ms);
  fail_watch(StorageError::Kind::kRewritten);
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 3);
}

TEST_F(Standby, ReadsAllAgainOnceWhenWhatItKnowsDoesNotFitAndThenEnds) {
  start_beside_another();
  advance(100ms);
  grant_elsewhere(1);
  watch();
  ledger_[1].push_back(ledger_[1].back());  // an entry out of order
  ++stored_.at(1).head;
  advance(100ms);
  watch();
  EXPECT_TRUE(logged("state-differs-from-store"));
  ASSERT_TRUE(watch_);
  EXPECT_TRUE(watch_->heads.empty());
  watch();
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 1);
}

TEST_F(Standby, ReadsAllAgainWhenTheDatabaseContinuesFromAnotherHistory) {
  start_beside_another();
  advance(100ms);
  grant_elsewhere(1);
  watch();
  history_ = "2";
  ledger_[1].back() = fixtures::granted(2, 2, {7, 0}, {7, 0, 0});  // for another program, with the same head and pool
  advance(100ms);
  watch();
  EXPECT_EQ(logged("store-history-changed"), 1U);
  EXPECT_EQ(logged("state-differs-from-store"), 0U);
  ASSERT_TRUE(watch_);
  EXPECT_TRUE(watch_->heads.empty());
  watch();
  EXPECT_FALSE(exit_);
  advance(100ms);
  find_free();
  take_over();
  const auto first = send_one("p1", 1, 0);
  turn();
  commit();
  EXPECT_EQ(grant_of(first), (Grant{1, 0, 0})) << "it holds nothing in this history";
}

TEST_F(Standby, InterruptsALookThatTakesTooLong) {
  start_beside_another({.store_timeout = 1s});
  advance(100ms);
  ASSERT_TRUE(watch_);
  advance(1s);
  EXPECT_EQ(interrupts_, 1);
}

TEST_F(Standby, StopsAtOnceAlsoWhileItLooks) {
  start_beside_another();
  advance(100ms);
  ASSERT_TRUE(watch_);
  pipeline_->on_stop(now_);
  collect();
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 0);
  EXPECT_FALSE(resignation_) << "there is nothing to give up";
}

// Losing the lead.

TEST_F(Standby, TellsAllThatWaitNotLeaderWhenItWasReplacedAndStandsBy) {
  start();
  const auto in_flight = send_one("p1");
  turn();
  const auto gathering = send_one("p2");
  answer_commit(CommitResult::kReplaced);
  EXPECT_EQ(error_of(in_flight), Status::kNotLeader);
  EXPECT_EQ(error_of(gathering), Status::kNotLeader);
  EXPECT_FALSE(exit_);
  EXPECT_FALSE(pipeline_->is_ready(now_));
  EXPECT_EQ(said_, (Texts{"READY", "STANDBY"}));
  EXPECT_TRUE(logged("replaced"));
}

TEST_F(Standby, TellsARepeatNotLeaderWhenTheGuardSaysSo) {
  start();
  const auto token = send_one("p1", 1, 1, "2030-10");
  turn();
  answer_guard(CommitResult::kReplaced);
  EXPECT_EQ(error_of(token), Status::kNotLeader);
  EXPECT_EQ(said_, (Texts{"READY", "STANDBY"}));
}

TEST_F(Standby, ForgetsWhatItDecidedAndDidNotStoreWhenItWasReplaced) {
  start();
  send_one("p1", 380, 0);
  turn();
  send_one("p2", 0, 60);
  answer_commit(CommitResult::kReplaced);
  EXPECT_EQ(pipeline_->allocator().left(1), full_pool(kCapacity));
  grant_elsewhere(2);
  advance(0ms);
  ASSERT_TRUE(watch_) << "at once: clients want to know who leads";
  EXPECT_EQ(watch_->heads.at(1), 1);
  watch();
  EXPECT_EQ(pipeline_->allocator().left(1), stored_.at(1).left);
}

TEST_F(Standby, TakesTheLeadAgainWhenItsSuccessorIsGone) {
  start();
  const auto lost = send_one("p1");
  turn();
  answer_commit(CommitResult::kReplaced);
  advance(0ms);
  grant_elsewhere(2);
  watch();
  advance(100ms);
  find_free();
  take_over();
  EXPECT_EQ(said_, (Texts{"READY", "STANDBY", "READY"}));
  EXPECT_TRUE(pipeline_->is_ready(now_));
  const auto again = send_one("p1");
  turn();
  commit();
  EXPECT_EQ(error_of(lost), Status::kNotLeader);
  EXPECT_EQ(grant_of(again), (Grant{7, 2, 0}));
}

TEST_F(Standby, StepsDownWhenTheTakeOverFindsAnotherLeader) {
  start();
  const auto token = send_one("p1");
  turn();
  answer_commit(failure(StorageError::Kind::kInDoubt));
  refuse_take_over();
  EXPECT_EQ(error_of(token), Status::kNotLeader);
  EXPECT_EQ(leader_of(token), "other:1");
  EXPECT_FALSE(exit_);
  EXPECT_EQ(said_, (Texts{"READY", "STANDBY"}));
}

TEST_F(Standby, SaysNothingAnewWhenItTakesItsOwnLeadOver) {
  start();
  send_one("p1");
  turn();
  answer_commit(failure(StorageError::Kind::kUnavailable));
  take_over();
  EXPECT_EQ(said_, Texts{"READY"});
}

TEST_F(Standby, EndsInOrderWhenItIsReplacedWhileItStops) {
  start();
  const auto token = send_one("p1");
  turn();
  pipeline_->on_stop(now_);
  collect();
  answer_commit(CommitResult::kReplaced);
  EXPECT_EQ(error_of(token), Status::kNotLeader);
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 0);
  EXPECT_FALSE(resignation_);
}

}  // namespace
}  // namespace dti
