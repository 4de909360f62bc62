#include "dti/service/commit_pipeline.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "dti/domain/check.hpp"

namespace dti {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetryDelayMin{100};  // between take-overs, while the store fails; doubles each time
constexpr milliseconds kRetryDelayMax{1'000};
constexpr milliseconds kRefusalPause{1'000};  // how long a store that refuses everything makes us not ready
constexpr milliseconds kSilenceMax{1'000};    // a store that takes longer for one call is not ready
constexpr int kRefusedInARowMax = 3;          // so many requests refused alone: the store refuses whatever it is
constexpr milliseconds kExpireStep{10};       // deadlines are looked through at most this often
constexpr milliseconds kRetryAfterOverload{100};
constexpr milliseconds kRetryAfterFailure{500};

RequestError overloaded() {
  return {Status::kOverloaded, "too many requests are waiting; ask again in a moment", kRetryAfterOverload, {}};
}

RequestError unavailable(std::string detail) {
  return {Status::kUnavailable, std::move(detail) + "; ask again, a repeat is safe", kRetryAfterFailure, {}};
}

Outcome failed(RequestError error) {
  Outcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

Pool sum_of(const std::vector<LedgerEntry>& entries) {
  Pool sum;
  for (const auto& entry : entries) sum = give_back(sum, entry.grant);
  return sum;
}

}  // namespace

CommitPipeline::CommitPipeline(PipelineOptions options, StartOptions start)
    : options_(options), start_(std::move(start)), end_error_(unavailable("the server is stopping")) {}

// Events.

void CommitPipeline::on_start(const Now& now) { start_take_over(now); }

void CommitPipeline::on_request(Token token, AllocationRequest request, std::size_t bytes, const Now& now) {
  Waiting waiting{.arrival = ++arrivals_,
                  .token = token,
                  .request = std::move(request),
                  .bytes = bytes,
                  .deadline = now.steady + options_.store_timeout,
                  .outcome = {}};
  if (!takes_requests()) return answer(waiting, failed(end_error_));
  if (phase_ == Phase::kStandby) return answer(waiting, failed(not_leader()));
  if (request_count_ >= options_.requests_max || byte_count_ + bytes > options_.bytes_max) {
    return answer(waiting, failed(overloaded()));
  }
  ++request_count_;
  byte_count_ += bytes;
  if (!expire_at_) expire_at_ = waiting.deadline;
  if (phase_ == Phase::kLeading && undecided_.empty()) {
    decide(std::move(waiting));
  } else {
    undecided_.push_back(std::move(waiting));
  }
}

void CommitPipeline::on_take_over_piece(TakeOverPiece piece, const Now& now) {
  DTI_CHECK(call_ == Call::kTakeOver || call_ == Call::kWatch);
  interrupt_at_ = now.steady + options_.store_timeout;  // it makes progress
  if (replay_fault_) return;
  if (const auto* programs = std::get_if<std::vector<CatalogProgram>>(&piece)) {
    if (!allocator_.add_programs(*programs)) replay_fault_ = "the stored catalogue does not continue the known one";
    return;
  }
  const auto& ledger = std::get<LedgerPiece>(piece);
  if (ledger.from_start) {
    log(LogLevel::kError, "store-lost-entries",
        "the store has fewer entries of semester " + std::to_string(ledger.semester_id) +
            " than were committed here: it was set back to an earlier state, and answered grants are gone");
    allocator_.forget(ledger.semester_id);
  }
  for (const auto& entry : ledger.entries) {
    if (const auto fault = allocator_.replay(ledger.semester_id, entry)) {
      replay_fault_ = "semester \"" + ledger.semester_name + "\": " + *fault;
      return;
    }
  }
}

void CommitPipeline::on_take_over(TakeOverEvent event, const Now& now) {
  call_ = Call::kNone;
  if (phase_ == Phase::kEnded) return;
  if (const auto* failure = std::get_if<StoreFailure>(&event)) {
    const bool may_pass =
        failure->kind == StorageError::Kind::kUnavailable || failure->kind == StorageError::Kind::kInDoubt;
    const bool is_final = may_pass ? said_ == Said::kNothing
                                   : start_.has_value() || failure->kind == StorageError::Kind::kRefused ||
                                         failure->kind == StorageError::Kind::kCorrupt;
    if (is_final) return end(1, failure->text, unavailable("the store cannot be used"));
    log_unavailable(failure->text, now);
    ++failures_in_a_row_;
    retry_at_ = now.steady + retry_delay();
    return end_if_drained(now);
  }
  if (const auto* held = std::get_if<HeldBy>(&event)) return stand_by(*held, now.steady + kWatchInterval, now);
  const auto& leadership = std::get<Leadership>(event);
  if (const auto lost = lost_semester(leadership)) {
    return end(1, "the store has lost semester " + *lost + ", which was served: was it set back?",
               unavailable("the store cannot be used"));
  }
  if (leadership.program_count < allocator_.catalog().size()) {
    log(LogLevel::kError, "store-lost-entries", "the store has fewer programs than were known here: it was set back");
    return reread_all(now);
  }
  std::vector<StoredSemester> open;
  std::copy_if(leadership.semesters.begin(), leadership.semesters.end(), std::back_inserter(open),
               [](const StoredSemester& semester) { return semester.is_open; });
  if (const auto fault = replay_fault_ ? replay_fault_ : allocator_.serve(open)) {
    // What was known may differ from a store that lost entries and went on: only a reading of everything tells.
    if (reads_all_) {
      return end(1, "the store contradicts itself: " + *fault, unavailable("the store cannot be used"));
    }
    log(LogLevel::kError, "state-differs-from-store", *fault + "; everything is read again");
    return reread_all(now);
  }
  start_.reset();
  unavailable_.end();
  reread_all_ = false;
  epoch_ = leadership.epoch;
  phase_ = Phase::kLeading;
  leads_since(call_since_);
  log(LogLevel::kInfo, "leading",
      "epoch " + std::to_string(epoch_) + ", " + std::to_string(open.size()) + " open semesters, " +
          std::to_string(undecided_.size()) + " requests waiting");
  if (std::exchange(said_, Said::kReady) != Said::kReady) actions_.emplace_back(AnnounceReady{});
  pump(now);
}

std::optional<std::string> CommitPipeline::lost_semester(const Leadership& leadership) const {
  for (const auto& [id, head] : allocator_.heads()) {
    const auto is_it = [id = id](const StoredSemester& semester) { return semester.id == id; };
    if (std::none_of(leadership.semesters.begin(), leadership.semesters.end(), is_it)) return std::to_string(id);
  }
  return std::nullopt;
}

void CommitPipeline::reread_all(const Now& now) {
  reread_all_ = true;
  start_take_over(now);
}

void CommitPipeline::on_commit(CommitEvent event, const Now& now) {
  DTI_CHECK(call_ == Call::kCommit);
  on_result(std::move(event), now);
}

void CommitPipeline::on_guard(CommitEvent event, const Now& now) {
  DTI_CHECK(call_ == Call::kGuard);
  on_result(std::move(event), now);
}

void CommitPipeline::on_tick(const Now& now) {
  if (phase_ == Phase::kEnded) return;
  if (stop_at_ && now.steady >= *stop_at_) {
    if (!anybody_waits()) {
      log(LogLevel::kWarning, "lease-not-released", "the store did not answer in time; the lease runs out by itself");
      return end_in_order();
    }
    return end(1, "stopped before the store answered", unavailable("the server stopped before the store answered"));
  }
  if (expire_at_ && now.steady >= *expire_at_) expire(now);
  if (call_ != Call::kNone && now.steady >= interrupt_at_) {
    interrupt_at_ = now.steady + options_.store_timeout;
    log(LogLevel::kWarning, "store-silent", "a call of the store took longer than --store-timeout; it is interrupted");
    actions_.emplace_back(InterruptStore{});
  }
  if (retry_at_ && now.steady >= *retry_at_ && call_ == Call::kNone) start_take_over(now);
  if (watch_at_ && now.steady >= *watch_at_ && call_ == Call::kNone) start_watch(now);
  if (is_renewal_due(now)) start_renewal(now);
  end_if_drained(now);
}

void CommitPipeline::on_stop(const Now& now) {
  if (phase_ == Phase::kEnded || stop_at_) return;
  stop_at_ = now.steady + options_.stop_timeout;
  end_if_drained(now);
}

bool CommitPipeline::is_ready(const Now& now) const {
  const bool is_silent = call_ != Call::kNone && now.steady - call_since_ > kSilenceMax;
  const bool refuses_all = refused_in_a_row_ >= kRefusedInARowMax && now.steady < refuses_all_until_;
  return phase_ == Phase::kLeading && now.steady < lease_until_ && !stop_at_ && !is_silent && !refuses_all;
}

std::optional<SteadyTime> CommitPipeline::wake_at() const {
  if (phase_ == Phase::kEnded) return std::nullopt;
  std::optional<SteadyTime> earliest;
  const auto consider = [&](std::optional<SteadyTime> time) {
    if (time && (!earliest || *time < *earliest)) earliest = time;
  };
  consider(expire_at_);
  consider(stop_at_);
  consider(retry_at_);
  consider(watch_at_);
  if (call_ != Call::kNone) {
    consider(interrupt_at_);
  } else if (phase_ == Phase::kLeading) {
    consider(renew_at_);
  }
  return earliest;
}

std::vector<Action> CommitPipeline::take_actions() { return std::exchange(actions_, {}); }

// From undecided to decided.

void CommitPipeline::decide(Waiting waiting) {
  auto& group = group_for(allocator_.find_semester(waiting.request.semester));
  auto decision = allocator_.decide(waiting.request, group.entries);
  waiting.faculty_id = decision.faculty_id;
  waiting.outcome = std::move(decision.outcome);
  waiting.entry_count = decision.entry_count;
  group.requests.push_back(std::move(waiting));
}

CommitPipeline::Group& CommitPipeline::group_for(std::optional<SemesterId> semester_id) {
  const auto newest = std::find_if(gathering_.rbegin(), gathering_.rend(),
                                   [&](const Group& group) { return group.semester_id == semester_id; });
  if (newest != gathering_.rend() && newest->entries.size() < options_.batch_entries_max) return *newest;
  Group group;
  group.semester_id = semester_id;
  group.base = semester_id ? allocator_.head(*semester_id) : 0;
  return gathering_.emplace_back(std::move(group));
}

// From decided to durable.

void CommitPipeline::pump(const Now& now) {
  start_next(now);
  end_if_drained(now);
}

void CommitPipeline::start_next(const Now& now) {
  if (phase_ != Phase::kLeading) return;
  if (is_renewal_due(now)) start_renewal(now);  // before the next batch: under load there is always one
  while (!undecided_.empty() && undecided_.front().arrival > isolate_until_) {
    decide(std::move(undecided_.front()));
    undecided_.pop_front();
  }
  if (!undecided_.empty() && call_ == Call::kNone && gathering_.empty()) decide_next_of_isolated();
  if (call_ != Call::kNone || gathering_.empty()) return;
  if (gathering_.front().entries.empty()) {
    start_guards(now);
  } else {
    start_commit(now);
  }
}

void CommitPipeline::decide_next_of_isolated() {
  for (std::size_t i = 0; i < isolate_size_ && !undecided_.empty() && undecided_.front().arrival <= isolate_until_;
       ++i) {
    decide(std::move(undecided_.front()));
    undecided_.pop_front();
  }
}

void CommitPipeline::start_commit(const Now& now) {
  auto group = std::move(gathering_.front());
  gathering_.pop_front();
  Batch batch{.semester_id = *group.semester_id,
              .epoch = epoch_,
              .base = group.base,
              .charged = sum_of(group.entries),
              .entries = std::exchange(group.entries, {}),
              .messages = {},
              .at = now.wall};
  for (const auto& waiting : group.requests) {
    if (waiting.entry_count == 0) continue;
    batch.messages.push_back({waiting.request.request_id, static_cast<std::uint32_t>(waiting.entry_count)});
  }
  group.batch = std::make_shared<const Batch>(std::move(batch));
  actions_.emplace_back(StartCommit{group.batch});
  in_flight_.push_back(std::move(group));
  started(Call::kCommit, now);
}

void CommitPipeline::start_guards(const Now& now) {
  // All that write nothing and rest on nothing that is still to be written.
  StartGuard guard{epoch_, {}};
  std::deque<Group> kept;
  std::unordered_set<SemesterId> written;
  for (auto& group : gathering_) {
    const bool writes = !group.entries.empty();
    if (writes) written.insert(*group.semester_id);
    if (writes || (group.semester_id && written.contains(*group.semester_id))) {
      kept.push_back(std::move(group));
    } else {
      if (group.semester_id) guard.semesters.push_back({*group.semester_id, group.base});
      in_flight_.push_back(std::move(group));
    }
  }
  gathering_ = std::move(kept);
  actions_.emplace_back(std::move(guard));
  started(Call::kGuard, now);
}

void CommitPipeline::on_result(CommitEvent event, const Now& now) {
  const bool was_commit = std::exchange(call_, Call::kNone) == Call::kCommit;
  if (phase_ == Phase::kEnded) return;
  if (const auto* failure = std::get_if<StoreFailure>(&event)) return on_failure(*failure, now);
  switch (std::get<CommitResult>(event)) {
    case CommitResult::kCommitted:
      failures_in_a_row_ = 0;
      if (was_commit) {
        invariant_failed_ = false;
        isolate_size_ *= 2;
        if (std::exchange(refused_in_a_row_, 0) >= kRefusedInARowMax) log_accepts_again();
      }
      return on_durable(std::exchange(in_flight_, {}), now);
    case CommitResult::kReplaced: return step_down(now);
    case CommitResult::kBaseMoved: return take_over_anew("the store's ledger is not where it was left", now);
  }
}

void CommitPipeline::on_durable(std::vector<Group> groups, const Now& now) {
  start_next(now);  // first: the store works on the next batch while the replies of this one leave
  for (auto& group : groups) release(group);
  if (options_.faculties_to_answer > 0 && faculties_answered_.size() >= options_.faculties_to_answer) on_stop(now);
  end_if_drained(now);
}

void CommitPipeline::on_failure(const StoreFailure& failure, const Now& now) {
  switch (failure.kind) {
    case StorageError::Kind::kUnavailable:
    case StorageError::Kind::kInDoubt: return take_over_anew(failure.text, now);
    case StorageError::Kind::kInvariant:
      if (std::exchange(invariant_failed_, true)) {
        return end(1, "the store refused a batch twice: " + failure.text, unavailable("the store cannot be used"));
      }
      reread_all_ = true;
      return take_over_anew("a constraint of the store fired: " + failure.text, now);
    case StorageError::Kind::kRejected: return on_rejected(failure, now);
    case StorageError::Kind::kCorrupt:
    case StorageError::Kind::kRefused: return end(1, failure.text, unavailable("the store cannot be used"));
  }
}

/// The store lives, and refused what was in flight: smaller batches find the request that it refuses.
void CommitPipeline::on_rejected(const StoreFailure& failure, const Now& now) {
  std::size_t size = 0;
  std::uint64_t last = 0;
  for (const auto& group : in_flight_) {
    size += group.requests.size();
    for (const auto& waiting : group.requests) last = std::max(last, waiting.arrival);
  }
  undo_all();  // what was decided later rests on it
  isolate_until_ = std::max(isolate_until_, last);
  isolate_size_ = std::max<std::size_t>(1, size / 2);
  if (size > 1) {
    if (batches_refused_.pass(now.steady)) {
      log(LogLevel::kWarning, "batch-refused", failure.text + "; its requests are tried in smaller batches");
    }
    return pump(now);
  }
  const bool refuses_all = ++refused_in_a_row_ >= kRefusedInARowMax;
  if (refuses_all) refuses_all_until_ = now.steady + kRefusalPause;
  std::size_t told = 0;
  std::erase_if(undecided_, [&](Waiting& waiting) {
    if (!refuses_all && waiting.arrival != last) return false;
    log(LogLevel::kDebug, "request-refused-by-store", "request-id " + waiting.request.request_id.value_or("none"));
    answer(waiting, failed(unavailable("the store refused the request")));
    drop(waiting);
    ++told;
    return true;
  });
  if (const auto count = requests_refused_.pass(now.steady, told)) {
    log(LogLevel::kError, "requests-refused-by-store",
        failure.text + "; " + std::to_string(*count) + " requests were told UNAVAILABLE");
  }
  pump(now);
}

// Back from decided to undecided, and to the store's state.

void CommitPipeline::undo_all() {
  std::vector<Waiting> all;
  const auto undo = [&](Group& group) {
    const auto& entries = group.batch ? group.batch->entries : group.entries;
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) allocator_.undo(*group.semester_id, *entry);
    std::move(group.requests.begin(), group.requests.end(), std::back_inserter(all));
  };
  std::for_each(gathering_.rbegin(), gathering_.rend(), undo);
  std::for_each(in_flight_.rbegin(), in_flight_.rend(), undo);
  gathering_.clear();
  in_flight_.clear();
  std::move(undecided_.begin(), undecided_.end(), std::back_inserter(all));
  undecided_.clear();
  std::sort(all.begin(), all.end(), [](const Waiting& a, const Waiting& b) { return a.arrival < b.arrival; });
  for (auto& waiting : all) {
    if (waiting.answered) {
      drop(waiting);
      continue;
    }
    waiting.outcome = {};
    waiting.entry_count = 0;
    undecided_.push_back(std::move(waiting));
  }
}

void CommitPipeline::take_over_anew(const std::string& why, const Now& now) {
  log(LogLevel::kWarning, "taking-over-anew", why);
  undo_all();
  phase_ = Phase::kTakingOver;
  // At once the first time; a store that fails again and again gets a pause.
  if (failures_in_a_row_++ == 0) return start_take_over(now);
  retry_at_ = now.steady + retry_delay();
}

milliseconds CommitPipeline::retry_delay() const {
  auto delay = kRetryDelayMin;
  for (int i = 1; i < failures_in_a_row_ && delay < kRetryDelayMax; ++i) delay *= 2;
  return std::min(delay, kRetryDelayMax);
}

void CommitPipeline::start_take_over(const Now& now) {
  DTI_CHECK(call_ == Call::kNone && gathering_.empty() && in_flight_.empty());
  retry_at_.reset();
  actions_.emplace_back(StartTakeOver{{prepare_reading(), start_, options_.lease}});
  started(Call::kTakeOver, now);
}

/// What is known before the store is read.
KnownState CommitPipeline::prepare_reading() {
  replay_fault_.reset();
  if (reread_all_) allocator_ = {};
  KnownState known{allocator_.heads(), allocator_.catalog().size()};
  reads_all_ = known.heads.empty() && known.program_count == 0;
  return known;
}

// Answers and ends.

void CommitPipeline::answer(Waiting& waiting, Outcome outcome) {
  if (std::exchange(waiting.answered, true)) return;
  if (!outcome.error && waiting.faculty_id != 0) faculties_answered_.insert(waiting.faculty_id);
  actions_.emplace_back(SendReply{waiting.token, std::move(waiting.request), std::move(outcome)});
}

void CommitPipeline::release(Group& group) {
  for (auto& waiting : group.requests) {
    answer(waiting, std::move(waiting.outcome));
    drop(waiting);
  }
}

void CommitPipeline::drop(const Waiting& waiting) {
  DTI_CHECK(request_count_ > 0 && byte_count_ >= waiting.bytes);
  --request_count_;
  byte_count_ -= waiting.bytes;
}

void CommitPipeline::expire(const Now& now) {
  std::optional<SteadyTime> next;
  std::size_t expired = 0;
  const auto look_at = [&](Waiting& waiting) {
    if (waiting.answered) return;
    if (waiting.deadline <= now.steady) {
      ++expired;
      auto request_id = waiting.request.request_id;  // the ledger still wants it if the request is decided
      answer(waiting, failed(unavailable("the store did not answer in time")));
      waiting.request.request_id = std::move(request_id);
    } else if (!next || waiting.deadline < *next) {
      next = waiting.deadline;
    }
  };
  const auto look_at_group = [&](Group& group) {
    std::for_each(group.requests.begin(), group.requests.end(), look_at);
  };
  std::for_each(in_flight_.begin(), in_flight_.end(), look_at_group);
  std::for_each(gathering_.begin(), gathering_.end(), look_at_group);
  std::for_each(undecided_.begin(), undecided_.end(), look_at);
  std::erase_if(undecided_, [&](const Waiting& waiting) {
    if (waiting.answered) drop(waiting);
    return waiting.answered;
  });
  expire_at_ = next ? std::optional{std::max(*next, now.steady + kExpireStep)} : std::nullopt;
  if (expired > 0) {
    log(LogLevel::kWarning, "requests-expired",
        std::to_string(expired) + " requests waited longer than --store-timeout and were told UNAVAILABLE");
  }
}

void CommitPipeline::end(int code, std::string reason, const RequestError& error) {
  const auto tell = [&](Waiting& waiting) { answer(waiting, failed(error)); };
  const auto tell_group = [&](Group& group) { std::for_each(group.requests.begin(), group.requests.end(), tell); };
  std::for_each(in_flight_.begin(), in_flight_.end(), tell_group);
  std::for_each(gathering_.begin(), gathering_.end(), tell_group);
  std::for_each(undecided_.begin(), undecided_.end(), tell);
  in_flight_.clear();
  gathering_.clear();
  undecided_.clear();
  end_error_ = error;
  phase_ = Phase::kEnded;
  actions_.emplace_back(Exit{code, std::move(reason)});
}

bool CommitPipeline::anybody_waits() const { return !in_flight_.empty() || !gathering_.empty() || !undecided_.empty(); }

void CommitPipeline::end_if_drained(const Now& now) {
  if (!stop_at_ || anybody_waits() || phase_ == Phase::kEnded) return;
  if (phase_ != Phase::kLeading) return end_in_order();
  if (call_ == Call::kNone) start_release(now);  // or the end of the call under way leads here again
}

void CommitPipeline::end_in_order() {
  phase_ = Phase::kEnded;
  actions_.emplace_back(Exit{0, {}});
}

void CommitPipeline::started(Call call, const Now& now) {
  call_ = call;
  call_since_ = now.steady;
  interrupt_at_ = now.steady + options_.store_timeout;
}

void CommitPipeline::log_unavailable(const std::string& text, const Now& now) {
  const auto count = unavailable_.pass(now.steady);
  if (!count) return;
  const auto times = *count > 1 ? " (" + std::to_string(*count) + " times)" : std::string{};
  log(LogLevel::kWarning, "store-unavailable", text + times);
}

void CommitPipeline::log_accepts_again() {
  batches_refused_.end();
  const auto untold = requests_refused_.end();
  log(LogLevel::kInfo, "store-accepts-again",
      "a batch was committed" +
          (untold > 0 ? "; " + std::to_string(untold) + " more requests had been told UNAVAILABLE" : std::string{}));
}

void CommitPipeline::log(LogLevel level, std::string event, std::string message) {
  actions_.emplace_back(LogEvent{level, std::move(event), std::move(message), {}});
}

}  // namespace dti
