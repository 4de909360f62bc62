#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dti/service/allocation/commit_pipeline.hpp"
#include "unit/service/fixtures.hpp"

namespace dti::fixtures {

using namespace std::chrono_literals;

inline const Capacity kCapacity{380, 60, 380};

/// A pipeline on a virtual clock, whose store answers when the test says so.
class Pipeline : public testing::Test {
 protected:
  void start(PipelineOptions options = {}, std::vector<std::string> semesters = {"2025-10"}) {
    start_store(semesters);
    pipeline_.emplace(options, StartOptions{});
    lease_ = options.lease.duration;
    pipeline_->on_start(now_);
    collect();
    take_over();
    ASSERT_TRUE(pipeline_->is_ready(now_));
  }
  void start_store(const std::vector<std::string>& semesters = {"2025-10"}) {
    for (const auto& name : semesters) {
      const auto id = static_cast<SemesterId>(stored_.size() + 1);
      stored_[id] = {
          .id = id, .name = name, .epoch = 1, .head = 1, .opened_with = kCapacity, .left = full_pool(kCapacity)};
      ledger_[id] = {opened(kCapacity)};
    }
  }

  /// Answers the take-over under way as a store does: with what the asker lacks.
  void take_over() {
    ASSERT_TRUE(take_over_);
    const auto asked = *std::exchange(take_over_, std::nullopt);
    if (asked.known.program_count == 0) pipeline_->on_take_over_piece(fixtures::catalog(4, 5), now_);
    Leadership leadership{.epoch = ++epoch_, .semesters = {}, .program_count = program_count_};
    for (auto& [id, semester] : stored_) {
      semester.epoch = epoch_;
      leadership.semesters.push_back(semester);
      give_tail(id, asked.known);
    }
    pipeline_->on_take_over(leadership, now_);
    collect();
  }
  void give_tail(SemesterId id, const KnownState& asked) {
    const auto known = asked.heads.contains(id) ? asked.heads.at(id) : 0;
    const bool from_start = known > stored_.at(id).head;
    const auto& entries = ledger_[id];
    pipeline_->on_take_over_piece(
        LedgerPiece{id, from_start, {entries.begin() + (from_start ? 0 : known), entries.end()}}, now_);
  }
  /// Answers the take-over under way: another server holds the lead.
  void refuse_take_over(const std::string& endpoint = "other:1") {
    ASSERT_TRUE(take_over_);
    take_over_.reset();
    pipeline_->on_take_over(HeldBy{epoch_, endpoint, 1s}, now_);
    collect();
  }
  /// Answers the look under way as a store does that another server leads; it has read what the asker lacks.
  void watch(const std::string& endpoint = "other:1") {
    ASSERT_TRUE(watch_);
    const auto asked = *std::exchange(watch_, std::nullopt);
    if (asked.program_count == 0) pipeline_->on_take_over_piece(fixtures::catalog(4, 5), now_);
    for (const auto& [id, semester] : stored_) give_tail(id, asked);
    pipeline_->on_watch(StoreWatch{HeldBy{epoch_, endpoint, 1s}, {}}, now_);
    collect();
  }
  /// Answers the look under way: the lead is free.
  void find_free() {
    ASSERT_TRUE(watch_);
    watch_.reset();
    pipeline_->on_watch(StoreWatch{}, now_);
    collect();
  }
  void fail_watch(StorageError::Kind kind) {
    ASSERT_TRUE(watch_);
    watch_.reset();
    pipeline_->on_watch(StoreFailure{kind, "the store is away"}, now_);
    collect();
  }
  void answer_renewal(CommitEvent event) {
    ASSERT_TRUE(renewal_);
    renewal_.reset();
    pipeline_->on_renew(std::move(event), now_);
    collect();
  }
  void answer_release(CommitEvent event = CommitResult::kCommitted) {
    ASSERT_TRUE(release_);
    release_.reset();
    pipeline_->on_release(std::move(event), now_);
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
      } else if (auto* start_watch = std::get_if<StartWatch>(&action)) {
        expect_no_call();
        watch_ = start_watch->known;
      } else if (auto* start_renew = std::get_if<StartRenew>(&action)) {
        expect_no_call();
        EXPECT_EQ(start_renew->duration, lease_);
        renewal_ = start_renew->epoch;
      } else if (auto* start_release = std::get_if<StartRelease>(&action)) {
        expect_no_call();
        release_ = start_release->epoch;
      } else if (std::holds_alternative<AnnounceReady>(action)) {
        said_.emplace_back("READY");
      } else if (std::holds_alternative<AnnounceStandby>(action)) {
        said_.emplace_back("STANDBY");
      } else if (std::holds_alternative<InterruptStore>(action)) {
        ++interrupts_;
      } else if (const auto* event = std::get_if<LogEvent>(&action)) {
        events_.push_back(event->event);
        messages_[event->event].push_back(event->message);
      } else if (auto* exit = std::get_if<Exit>(&action)) {
        ASSERT_FALSE(exit_) << "a second exit";
        exit_ = *exit;
      }
    }
  }
  [[nodiscard]] std::size_t logged(const std::string& event) { return messages_[event].size(); }
  [[nodiscard]] std::string last_logged(const std::string& event) { return messages_.at(event).back(); }
  void expect_no_call() {
    EXPECT_TRUE(!commit_ && !guard_ && !take_over_ && !watch_ && !renewal_ && !release_)
        << "two calls of the store at once";
  }

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
  std::size_t program_count_ = 20;  // of fixtures::catalog(4, 5)
  // What the pipeline asked for.
  std::shared_ptr<const Batch> commit_;
  std::optional<StartGuard> guard_;
  std::optional<TakeOverRequest> take_over_;
  std::optional<KnownState> watch_;
  std::optional<Epoch> renewal_;
  std::optional<Epoch> release_;
  std::chrono::milliseconds lease_{5'000};
  std::vector<std::string> said_;
  std::map<Token, Outcome> replies_;
  std::vector<Token> order_;
  std::vector<std::string> events_;
  std::map<std::string, std::vector<std::string>> messages_;  // by event
  int interrupts_ = 0;
  std::optional<Exit> exit_;
  Token tokens_ = 0;
};

}  // namespace dti::fixtures
