#pragma once

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dti/service/pipeline/commit_pipeline.hpp"
#include "unit/service/fixtures.hpp"

namespace dti::fixtures {

using namespace std::chrono_literals;

inline const Capacity kCapacity{380, 60, 380};

/// An entry of the store of a test.
struct Entry : StoredEntry {
  Entry(const LedgerEntry& entry)
      : StoredEntry{row_of(entry), 0, std::nullopt} {}         // NOLINT(google-explicit-constructor)
  Entry(StoredEntry entry) : StoredEntry{std::move(entry)} {}  // NOLINT(google-explicit-constructor)
};

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
      stored_[id] = {.id = id,
                     .name = name,
                     .epoch = 1,
                     .head = 1,
                     .capacity = kCapacity,
                     .left = full_pool(kCapacity),
                     .opened_with = kCapacity,
                     .last_entry = 1};
      ledger_[id] = {opened(kCapacity)};
    }
  }

  /// What comes of a commit, a guard, a renewal or a resignation.
  using WriteResult = std::variant<StoreFailure, CommitResult>;

  /// Ends the call in progress.
  template <class Call>
  void end(std::variant<StoreFailure, typename Call::Answer> result) {
    pipeline_->on_store(Ended<Call>{std::move(result)}, now_);
    collect();
  }

  /// Answers the current take-over like a store: with the data that the pipeline lacks.
  void take_over() {
    ASSERT_TRUE(take_over_);
    const auto asked = *std::exchange(take_over_, std::nullopt);
    pipeline_->on_piece(HistorySeen{history_}, now_);
    give_catalog(asked.known);
    Leadership leadership{.epoch = ++epoch_, .semesters = {}, .program_count = program_count_, .history = history_};
    for (auto& [id, semester] : stored_) {
      semester.epoch = epoch_;
      leadership.semesters.push_back(semester);
      if (semester.is_open) give_tail(id, asked.known);
    }
    end<TakeOverCall>(leadership);
  }
  void give_catalog(const KnownState& asked) {
    auto programs = fixtures::catalog(4, 5);
    programs.insert(programs.end(), added_programs_.begin(), added_programs_.end());
    const auto known = std::min(asked.program_count, programs.size());
    programs.erase(programs.begin(), programs.begin() + static_cast<std::ptrdiff_t>(known));
    if (!programs.empty()) pipeline_->on_piece(std::move(programs), now_);
    ProgramChanges news{registry_head_, changes_};
    std::erase_if(news.changes, [&](const ProgramChange& change) { return change.seq <= asked.last_change; });
    if (!news.changes.empty() || registry_head_ < asked.last_change) pipeline_->on_piece(std::move(news), now_);
  }
  void give_tail(SemesterId id, const KnownState& asked) {
    const auto known = asked.heads.contains(id) ? asked.heads.at(id) : 0;
    const bool from_start = known > stored_.at(id).head;
    const auto& entries = ledger_[id];
    LedgerPiece piece{id, from_start, {}};
    std::transform(entries.begin() + (from_start ? 0 : known), entries.end(), std::back_inserter(piece.rows),
                   [](const StoredEntry& entry) { return entry.row; });
    pipeline_->on_piece(std::move(piece), now_);
  }
  /// Answers the current take-over: another server holds the lead.
  void refuse_take_over(const std::string& endpoint = "other:1") {
    ASSERT_TRUE(take_over_);
    take_over_.reset();
    end<TakeOverCall>(HeldBy{epoch_, endpoint, 1s});
  }
  /// Answers the current watch like a store that another server leads: with the data that the pipeline lacks.
  void watch(const std::string& endpoint = "other:1") {
    ASSERT_TRUE(watch_);
    const auto asked = *std::exchange(watch_, std::nullopt);
    see_heads();
    give_catalog(asked);
    for (const auto& [id, semester] : stored_) give_tail(id, asked);
    end<WatchCall>(StoreWatch{HeldBy{epoch_, endpoint, 1s}, {}});
  }
  void see_heads() {
    pipeline_->on_piece(HistorySeen{history_}, now_);
    HeadsSeen seen;
    for (const auto& [id, semester] : stored_) seen.heads.push_back({id, semester.name, semester.head});
    pipeline_->on_piece(seen, now_);
  }
  /// Answers the current watch: no server leads.
  void find_free() {
    ASSERT_TRUE(watch_);
    watch_.reset();
    end<WatchCall>(StoreWatch{});
  }
  void fail_watch(StorageError::Kind kind) {
    ASSERT_TRUE(watch_);
    watch_.reset();
    end<WatchCall>(StoreFailure{kind, "the store is away"});
  }
  void answer_renewal(WriteResult result) {
    ASSERT_TRUE(renewal_);
    renewal_.reset();
    end<RenewCall>(std::move(result));
  }
  void answer_resignation(WriteResult result = CommitResult::kCommitted) {
    ASSERT_TRUE(resignation_);
    resignation_.reset();
    end<ResignCall>(std::move(result));
  }
  void fail_take_over(StorageError::Kind kind) {
    ASSERT_TRUE(take_over_);
    take_over_.reset();
    end<TakeOverCall>(StoreFailure{kind, "the store is away"});
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
  Token open(const std::string& name, const Capacity& capacity = kCapacity, bool is_dry_run = false) {
    const auto token = ++tokens_;
    pipeline_->on_command(token, OpenSemester{name, capacity, is_dry_run}, 50, now_);
    return token;
  }
  Token command(OfficeCommand what) {
    const auto token = ++tokens_;
    pipeline_->on_command(token, std::move(what), 50, now_);
    return token;
  }
  void turn() {
    pipeline_->on_turn_end(now_);
    collect();
  }

  /// Stores the current batch like a commit, but does not inform the pipeline.
  void store_batch() {
    ASSERT_TRUE(commit_);
    auto& semester = stored_.at(commit_->semester_id);
    ASSERT_EQ(commit_->epoch, semester.epoch);
    ASSERT_EQ(commit_->base, semester.head);
    auto entry = commit_->entries.begin();
    for (const auto& message : commit_->messages) {
      for (std::uint32_t i = 0; i < message.entry_count; ++i, ++entry) {
        auto& stored = ledger_[semester.id].emplace_back(*entry);
        stored.request_id = message.request_id;
        semester.left = charge(semester.left, entry->grant);
        semester.head = entry->seq;
      }
    }
  }
  [[nodiscard]] std::vector<StoredEntry> entries_wanted(const EntriesToRead& wanted) {
    const auto& ledger = ledger_[wanted.semester_id];
    std::vector<StoredEntry> entries(ledger.begin(), ledger.end());
    if (wanted.program > 0) return entries_of_grant(std::move(entries), wanted.program, wanted.generation);
    std::erase_if(entries, [&](const StoredEntry& entry) { return entry.row.seq != wanted.seq; });
    return entries;
  }
  /// Answers the current look-up like a store.
  void look_up(CommitResult guard = CommitResult::kCommitted) {
    ASSERT_TRUE(look_up_);
    const auto call = *std::exchange(look_up_, std::nullopt);
    EXPECT_EQ(call.epoch, epoch_);
    for (const auto& guarded : call.semesters) EXPECT_EQ(guarded.head, stored_.at(guarded.semester_id).head);
    LookUpCall::Answer answer{guard, {}};
    for (const auto& wanted : call.entries) {
      const auto found = entries_wanted(wanted);
      answer.entries.insert(answer.entries.end(), found.begin(), found.end());
    }
    end<LookUpCall>(std::move(answer));
  }
  /// Stores the current change, but does not inform the pipeline.
  void store_change() {
    ASSERT_TRUE(change_);
    auto& semester = stored_.at(change_->semester_id);
    ASSERT_EQ(change_->epoch, semester.epoch);
    ASSERT_EQ(change_->base, semester.head);
    auto& ledger = ledger_[semester.id];
    ledger.insert(ledger.end(), change_->entries.begin(), change_->entries.end());
    semester.head = ledger.back().row.seq;
    semester.capacity = change_->capacity;
    semester.left = change_->left;
    semester.is_open = change_->is_open;
  }
  void finish_change() {
    store_change();
    answer_change(CommitResult::kCommitted);
  }
  void answer_change(WriteResult result) {
    ASSERT_TRUE(change_);
    change_.reset();
    end<ChangeCall>(std::move(result));
  }
  /// Answers the current look-up of the catalogue like a store, whose registry has 24 entries at first.
  void catalog_look_up(CommitResult guard = CommitResult::kCommitted) {
    ASSERT_TRUE(catalog_look_up_);
    const auto call = *std::exchange(catalog_look_up_, std::nullopt);
    EXPECT_EQ(call.epoch, epoch_);
    const auto written = catalog_commands_.find(call.command_id);
    end<CatalogLookUpCall>(
        CatalogLookUpCall::Answer{guard,
                                  {.store = {},
                                   .head = registry_head_,
                                   .places = {registry_head_, {{1, registry_head_}}},
                                   .programs = static_cast<std::int64_t>(program_count_),
                                   .written = written == catalog_commands_.end() ? 0 : written->second,
                                   .earlier = {}}});
  }
  /// Stores the current change of the catalogue, but does not inform the pipeline.
  void store_catalog_change() {
    ASSERT_TRUE(catalog_change_);
    ASSERT_EQ(catalog_change_->epoch, epoch_);
    ASSERT_EQ(catalog_change_->base, registry_head_);
    added_programs_.insert(added_programs_.end(), catalog_change_->programs.begin(), catalog_change_->programs.end());
    program_count_ += catalog_change_->programs.size();
    registry_head_ += static_cast<Seq>(catalog_change_->programs.size() + catalog_change_->changes.size());
    changes_.insert(changes_.end(), catalog_change_->changes.begin(), catalog_change_->changes.end());
    catalog_commands_[catalog_change_->command_id] = registry_head_;
  }
  void finish_catalog_change() {
    store_catalog_change();
    answer_catalog_change(CommitResult::kCommitted);
  }
  void answer_catalog_change(WriteResult result) {
    ASSERT_TRUE(catalog_change_);
    catalog_change_.reset();
    end<ChangeCatalogCall>(std::move(result));
  }
  void commit() {
    store_batch();
    answer_commit(CommitResult::kCommitted);
  }
  void answer_commit(WriteResult result) {
    ASSERT_TRUE(commit_);
    commit_.reset();
    end<CommitCall>(std::move(result));
  }
  void answer_guard(WriteResult result) {
    ASSERT_TRUE(guard_);
    guard_.reset();
    end<GuardCall>(std::move(result));
  }
  /// Stores the semester that is being opened, as an opening does, without telling the pipeline.
  void store_opening() {
    ASSERT_TRUE(opening_);
    ASSERT_EQ(opening_->epoch, epoch_);
    const auto id = static_cast<SemesterId>(stored_.size() + 1);
    stored_[id] = {.id = id,
                   .name = opening_->name,
                   .epoch = epoch_,
                   .head = 1,
                   .capacity = opening_->capacity,
                   .left = full_pool(opening_->capacity),
                   .opened_with = opening_->capacity,
                   .last_entry = 1};
    ledger_[id] = {opened(opening_->capacity)};
  }
  void finish_opening() {
    store_opening();
    answer_opening(Opening{OpenResult::kOpened, static_cast<SemesterId>(stored_.size())});
  }
  void answer_opening(std::variant<StoreFailure, Opening> result) {
    ASSERT_TRUE(opening_);
    opening_.reset();
    end<OpenSemesterCall>(std::move(result));
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
      } else if (auto* opening = std::get_if<SendOpenSemesterReply>(&action)) {
        ASSERT_TRUE(openings_.emplace(opening->token, opening->outcome).second)
            << "a second reply to " << opening->token;
        order_.push_back(opening->token);
      } else if (auto* office = std::get_if<SendOfficeReply>(&action)) {
        ASSERT_TRUE(outcomes_.emplace(office->token, office->outcome).second) << "a second reply to " << office->token;
        order_.push_back(office->token);
      } else if (const auto* note = std::get_if<NoteOfficeChange>(&action)) {
        notes_.push_back(*note);
      } else if (auto* call = std::get_if<StoreCall>(&action)) {
        expect_no_call();
        std::visit([this](auto& started) { keep(std::move(started)); }, *call);
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
  void keep(CommitCall call) { commit_ = std::move(call.batch); }
  void keep(GuardCall call) { guard_ = std::move(call); }
  void keep(TakeOverCall call) { take_over_ = std::move(call.request); }
  void keep(WatchCall call) { watch_ = std::move(call.known); }
  void keep(RenewCall call) {
    EXPECT_EQ(call.duration, lease_);
    renewal_ = call.epoch;
  }
  void keep(ResignCall call) { resignation_ = call.epoch; }
  void keep(OpenSemesterCall call) { opening_ = std::move(call); }
  void keep(LookUpCall call) { look_up_ = std::move(call); }
  void keep(ChangeCall call) { change_ = std::move(call.change); }
  void keep(CatalogLookUpCall call) { catalog_look_up_ = std::move(call); }
  void keep(ChangeCatalogCall call) { catalog_change_ = std::move(call.change); }

  [[nodiscard]] std::size_t logged(const std::string& event) { return messages_[event].size(); }
  [[nodiscard]] std::string last_logged(const std::string& event) { return messages_.at(event).back(); }
  void expect_no_call() {
    EXPECT_TRUE(!commit_ && !guard_ && !take_over_ && !watch_ && !renewal_ && !resignation_ && !opening_ && !look_up_ &&
                !change_ && !catalog_look_up_ && !catalog_change_)
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
  [[nodiscard]] bool is_answered(Token token) const {
    return replies_.contains(token) || openings_.contains(token) || outcomes_.contains(token);
  }
  /// Was the command answered with an open semester?
  [[nodiscard]] bool is_opened(Token token) const {
    const auto found = openings_.find(token);
    return found != openings_.end() && !found->second.error;
  }
  /// The error with which the command was answered; kOk if it has none, or no answer.
  [[nodiscard]] RequestError refusal_of(Token token) const {
    const auto found = openings_.find(token);
    if (found == openings_.end() || !found->second.error) return {Status::kOk, {}, {}, {}};
    return *found->second.error;
  }

  Now now_{SteadyTime{} + 1h, WallTime{}};
  std::optional<CommitPipeline> pipeline_;
  // What the store has.
  std::map<SemesterId, StoredSemester> stored_;
  std::map<SemesterId, std::vector<Entry>> ledger_;
  Epoch epoch_ = 0;
  History history_ = "1";
  std::size_t program_count_ = 20;  // of fixtures::catalog(4, 5), and added_programs_
  std::vector<CatalogProgram> added_programs_;
  std::vector<ProgramChange> changes_;
  Seq registry_head_ = 24;
  std::map<std::string, Seq> catalog_commands_;
  // What the pipeline asked for.
  std::shared_ptr<const Batch> commit_;
  std::optional<GuardCall> guard_;
  std::optional<TakeOverRequest> take_over_;
  std::optional<KnownState> watch_;
  std::optional<Epoch> renewal_;
  std::optional<Epoch> resignation_;
  std::optional<OpenSemesterCall> opening_;
  std::optional<LookUpCall> look_up_;
  std::optional<Change> change_;
  std::optional<CatalogLookUpCall> catalog_look_up_;
  std::optional<CatalogChange> catalog_change_;
  std::chrono::milliseconds lease_{5'000};
  std::vector<std::string> said_;
  std::map<Token, Outcome> replies_;
  std::map<Token, OpenSemesterOutcome> openings_;
  std::map<Token, OfficeOutcome> outcomes_;
  std::vector<Token> order_;
  std::vector<NoteOfficeChange> notes_;
  std::vector<std::string> events_;
  std::map<std::string, std::vector<std::string>> messages_;  // by event
  int interrupts_ = 0;
  std::optional<Exit> exit_;
  Token tokens_ = 0;
};

}  // namespace dti::fixtures
