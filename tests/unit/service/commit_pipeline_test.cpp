#include "dti/service/commit_pipeline.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "unit/service/fixtures.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;
using fixtures::ask;
using fixtures::opened;
using fixtures::request;

const Capacity kCapacity{380, 60, 380};

/// A pipeline on a virtual clock, whose store answers when the test says so.
class Pipeline : public testing::Test {
 protected:
  void start(PipelineOptions options = {}, std::vector<std::string> semesters = {"2025-10"}) {
    pipeline_.emplace(options, StartOptions{});
    pipeline_->on_start(now_);
    collect();
    ASSERT_TRUE(take_over_);
    for (const auto& name : semesters) {
      const auto id = static_cast<SemesterId>(stored_.size() + 1);
      stored_[id] = {.id = id, .name = name, .epoch = 1, .head = 1, .opened_with = kCapacity, .left = full_pool(kCapacity)};
      ledger_[id] = {opened(kCapacity)};
    }
    take_over();
    ASSERT_TRUE(pipeline_->is_ready());
  }

  /// Answers the take-over under way as a store does: with what the asker lacks.
  void take_over() {
    ASSERT_TRUE(take_over_);
    const auto asked = *std::exchange(take_over_, std::nullopt);
    if (asked.program_count == 0) pipeline_->on_take_over_piece(fixtures::catalog(4, 5), now_);
    Leadership leadership{.epoch = ++epoch_, .semesters = {}};
    for (auto& [id, semester] : stored_) {
      semester.epoch = epoch_;
      leadership.semesters.push_back(semester);
      const auto known = asked.heads.contains(id) ? asked.heads.at(id) : 0;
      const bool from_start = known > semester.head;
      const auto& entries = ledger_[id];
      pipeline_->on_take_over_piece(
          LedgerPiece{id, from_start, {entries.begin() + (from_start ? 0 : known), entries.end()}}, now_);
    }
    pipeline_->on_take_over(leadership, now_);
    collect();
  }
  void fail_take_over(StorageError::Kind kind) {
    take_over_.reset();
    pipeline_->on_take_over(StoreFailure{kind, "the store is away"}, now_);
    collect();
  }

  Token send(AllocationRequest what) {
    const auto token = ++tokens_;
    pipeline_->on_request(token, std::move(what), 100, now_);
    return token;
  }
  Token send_one(const std::string& program, Quantity classrooms = 7, Quantity labs = 2,
                 const std::string& semester = "2025-10") {
    return send(request(semester, "f1", {ask(program, classrooms, labs)}));
  }
  void turn() {
    pipeline_->on_turn_end(now_);
    collect();
  }

  /// Stores the batch under way, as a commit does, without telling the pipeline.
  void store_batch() {
    ASSERT_TRUE(commit_);
    auto& semester = stored_.at(commit_->semester_id);
    ASSERT_EQ(commit_->epoch, semester.epoch);
    ASSERT_EQ(commit_->base, semester.head);
    for (const auto& entry : commit_->entries) {
      ledger_[semester.id].push_back(entry);
      semester.left = charge(semester.left, entry.grant);
      semester.head = entry.seq;
    }
  }
  void commit() {
    store_batch();
    answer_commit(CommitResult::kCommitted);
  }
  void answer_commit(CommitEvent event) {
    ASSERT_TRUE(commit_);
    commit_.reset();
    pipeline_->on_commit(std::move(event), now_);
    collect();
  }
  void answer_guard(CommitEvent event) {
    ASSERT_TRUE(guard_);
    guard_.reset();
    pipeline_->on_guard(std::move(event), now_);
    collect();
  }
  static StoreFailure failure(StorageError::Kind kind) { return {kind, "as the test says"}; }

  void advance(std::chrono::milliseconds step) {
    now_.steady += step;
    pipeline_->on_tick(now_);
    collect();
  }

  void collect() {
    for (auto& action : pipeline_->take_actions()) {
      if (auto* reply = std::get_if<SendReply>(&action)) {
        ASSERT_TRUE(replies_.emplace(reply->token, reply->outcome).second) << "a second reply to " << reply->token;
        order_.push_back(reply->token);
      } else if (auto* start_commit = std::get_if<StartCommit>(&action)) {
        expect_no_call();
        commit_ = start_commit->batch;
      } else if (auto* start_guard = std::get_if<StartGuard>(&action)) {
        expect_no_call();
        guard_ = *start_guard;
      } else if (auto* start_take_over = std::get_if<StartTakeOver>(&action)) {
        expect_no_call();
        take_over_ = start_take_over->request;
      } else if (std::holds_alternative<InterruptStore>(action)) {
        ++interrupts_;
      } else if (const auto* event = std::get_if<LogEvent>(&action)) {
        events_.push_back(event->event);
      } else if (auto* exit = std::get_if<Exit>(&action)) {
        ASSERT_FALSE(exit_) << "a second exit";
        exit_ = *exit;
      }
    }
  }
  void expect_no_call() { EXPECT_TRUE(!commit_ && !guard_ && !take_over_) << "two calls of the store at once"; }

  [[nodiscard]] std::optional<Status> error_of(Token token) const {
    const auto found = replies_.find(token);
    if (found == replies_.end() || !found->second.error) return std::nullopt;
    return found->second.error->status;
  }
  [[nodiscard]] std::optional<Grant> grant_of(Token token) const {
    const auto found = replies_.find(token);
    if (found == replies_.end() || found->second.error) return std::nullopt;
    return found->second.programs.at(0).grant;
  }
  [[nodiscard]] bool is_answered(Token token) const { return replies_.contains(token); }

  Now now_{SteadyTime{} + 1h, WallTime{}};
  std::optional<CommitPipeline> pipeline_;
  // What the store has.
  std::map<SemesterId, StoredSemester> stored_;
  std::map<SemesterId, std::vector<LedgerEntry>> ledger_;
  Epoch epoch_ = 0;
  // What the pipeline asked for.
  std::shared_ptr<const Batch> commit_;
  std::optional<StartGuard> guard_;
  std::optional<TakeOverRequest> take_over_;
  std::map<Token, Outcome> replies_;
  std::vector<Token> order_;
  std::vector<std::string> events_;
  int interrupts_ = 0;
  std::optional<Exit> exit_;
  Token tokens_ = 0;
};

// Group commit.

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

// Being replaced, and a store that is somewhere else.

TEST_F(Pipeline, TellsAllThatWaitNotLeaderWhenItWasReplaced) {
  start();
  const auto in_flight = send_one("p1");
  turn();
  const auto gathering = send_one("p2");
  answer_commit(CommitResult::kReplaced);
  EXPECT_EQ(error_of(in_flight), Status::kNotLeader);
  EXPECT_EQ(error_of(gathering), Status::kNotLeader);
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 1);
  EXPECT_FALSE(pipeline_->is_ready());
}

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
  EXPECT_FALSE(pipeline_->is_ready());
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
  EXPECT_TRUE(pipeline_->is_ready());
  commit();
  EXPECT_EQ(replies_.size(), 1U);
}

TEST_F(Pipeline, FindsTheOneRequestThatTheStoreRefusesAndServesTheOthers) {
  start();
  send_one("p1");
  turn();
  const auto good = send_one("p2");
  const auto bad = send_one("p3");
  const auto later = send_one("p4");
  turn();
  commit();
  const auto is_bad = [](const Batch& batch) {
    return std::any_of(batch.entries.begin(), batch.entries.end(), [](const auto& e) { return e.program_id == 3; });
  };
  int refused = 0;
  while (commit_) {
    if (is_bad(*commit_)) {
      ++refused;
      answer_commit(failure(StorageError::Kind::kRejected));
    } else {
      commit();
    }
  }
  EXPECT_EQ(refused, 2);
  EXPECT_EQ(grant_of(good), (Grant{7, 2, 0}));
  EXPECT_EQ(error_of(bad), Status::kUnavailable);
  EXPECT_EQ(grant_of(later), (Grant{7, 2, 0}));
  EXPECT_EQ(stored_[1].head, 4);
  EXPECT_EQ(pipeline_->allocator().left(1), stored_[1].left);
}

TEST_F(Pipeline, TakesOverOnceAndThenStopsWhenAConstraintFires) {
  start();
  const auto token = send_one("p1");
  turn();
  answer_commit(failure(StorageError::Kind::kInvariant));
  ASSERT_TRUE(take_over_);
  EXPECT_TRUE(take_over_->heads.empty()) << "everything is read again";
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
  EXPECT_TRUE(take_over_->heads.empty());
  take_over();
  commit();
  EXPECT_EQ(grant_of(token), (Grant{79, 0, 0}));
}

TEST_F(Pipeline, RefusesToServeAStoreThatContradictsItself) {
  pipeline_.emplace(PipelineOptions{}, StartOptions{});
  pipeline_->on_start(now_);
  collect();
  stored_[1] = {.id = 1, .name = "2025-10", .epoch = 1, .head = 1, .opened_with = kCapacity, .left = {379, 60, 380}};
  ledger_[1] = {opened(kCapacity)};
  take_over();
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 1);
  EXPECT_NE(exit_->reason.find("2025-10"), std::string::npos);
}

TEST_F(Pipeline, EndsWhenTheFirstTakeOverFails) {
  for (const auto kind : {StorageError::Kind::kUnavailable, StorageError::Kind::kRefused, StorageError::Kind::kCorrupt}) {
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
    pipeline_->on_take_over_piece(LedgerPiece{1, false, {}}, now_);
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
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 0);
}

}  // namespace
}  // namespace dti
