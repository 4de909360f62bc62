#include "dti/service/commit_pipeline.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "dti/domain/check.hpp"

namespace dti {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetryDelayMin{100};   // between take-overs, while the store cannot be reached
constexpr milliseconds kRetryDelayMax{1'000};
constexpr milliseconds kExpireStep{10};       // deadlines are looked through at most this often
constexpr milliseconds kRetryAfterOverload{100};
constexpr milliseconds kRetryAfterFailure{500};

RequestError overloaded() {
  return {Status::kOverloaded, "too many requests are waiting; ask again in a moment", kRetryAfterOverload, {}};
}

RequestError unavailable(std::string detail) {
  return {Status::kUnavailable, std::move(detail) + "; ask again, a repeat is safe", kRetryAfterFailure, {}};
}

RequestError not_leader() {
  return {Status::kNotLeader, "another server has taken the lead; ask that one", kRetryAfterFailure, {}};
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
    : options_(options), start_(std::move(start)), retry_delay_(kRetryDelayMin) {}

// Events.

void CommitPipeline::on_start(const Now& now) { start_take_over(now); }

void CommitPipeline::on_request(Token token, AllocationRequest request, std::size_t bytes, const Now& now) {
  Waiting waiting{.arrival = ++arrivals_,
                  .token = token,
                  .request = std::move(request),
                  .bytes = bytes,
                  .deadline = now.steady + options_.store_timeout,
                  .outcome = {}};
  if (!takes_requests()) return answer(waiting, failed(unavailable("the server is stopping")));
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
  DTI_CHECK(call_ == Call::kTakeOver);
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
    replay_fault_ = allocator_.replay(ledger.semester_id, entry);
    if (replay_fault_) return;
  }
}

void CommitPipeline::on_take_over(TakeOverEvent event, const Now& now) {
  call_ = Call::kNone;
  if (phase_ == Phase::kEnded) return;
  if (const auto* failure = std::get_if<StoreFailure>(&event)) {
    const bool is_final = start_.has_value() || failure->kind == StorageError::Kind::kRefused ||
                          failure->kind == StorageError::Kind::kCorrupt;
    if (is_final) return end(1, failure->text, unavailable("the store cannot be used"));
    log(LogLevel::kWarning, "store-unavailable", failure->text);
    retry_at_ = now.steady + retry_delay_;
    retry_delay_ = std::min(2 * retry_delay_, kRetryDelayMax);
    return end_if_drained();
  }
  const auto& leadership = std::get<Leadership>(event);
  const auto fault = replay_fault_ ? replay_fault_ : allocator_.serve(leadership.semesters);
  if (fault) {
    // What was known may differ from a store that lost entries and went on: only a reading of everything tells.
    if (start_ || reread_all_) {
      return end(1, "the store contradicts itself: " + *fault, unavailable("the store cannot be used"));
    }
    log(LogLevel::kError, "state-differs-from-store", *fault + "; everything is read again");
    reread_all_ = true;
    return start_take_over(now);
  }
  const bool is_first = start_.has_value();
  start_.reset();
  reread_all_ = false;
  retry_delay_ = kRetryDelayMin;
  epoch_ = leadership.epoch;
  phase_ = Phase::kLeading;
  log(LogLevel::kInfo, "leading", "epoch " + std::to_string(epoch_) + ", " +
                                      std::to_string(leadership.semesters.size()) + " open semesters, " +
                                      std::to_string(undecided_.size()) + " requests waiting");
  if (is_first) actions_.emplace_back(AnnounceReady{});
  pump(now);
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
    return end(1, "stopped before the store answered", unavailable("the server stopped before the store answered"));
  }
  if (expire_at_ && now.steady >= *expire_at_) expire(now);
  if (call_ != Call::kNone && now.steady >= interrupt_at_) {
    interrupt_at_ = now.steady + options_.store_timeout;
    log(LogLevel::kWarning, "store-silent", "a call of the store took longer than --store-timeout; it is interrupted");
    actions_.emplace_back(InterruptStore{});
  }
  if (retry_at_ && now.steady >= *retry_at_ && call_ == Call::kNone) start_take_over(now);
  end_if_drained();
}

void CommitPipeline::on_stop(const Now& now) {
  if (phase_ == Phase::kEnded || stop_at_) return;
  stop_at_ = now.steady + options_.stop_timeout;
  end_if_drained();
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
  if (call_ != Call::kNone) consider(interrupt_at_);
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
  if (phase_ != Phase::kLeading) return end_if_drained();
  while (!undecided_.empty()) {
    const bool alone = undecided_.front().arrival <= isolate_until_;
    if (alone && (call_ != Call::kNone || !gathering_.empty())) break;
    decide(std::move(undecided_.front()));
    undecided_.pop_front();
    if (alone) break;
  }
  if (call_ == Call::kNone && !gathering_.empty()) {
    if (gathering_.front().entries.empty()) {
      start_guards(now);
    } else {
      start_commit(now);
    }
  }
  end_if_drained();
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
  call_ = Call::kNone;
  if (phase_ == Phase::kEnded) return;
  if (const auto* failure = std::get_if<StoreFailure>(&event)) return on_failure(*failure, now);
  switch (std::get<CommitResult>(event)) {
    case CommitResult::kCommitted:
      invariant_failed_ = false;
      for (auto& group : std::exchange(in_flight_, {})) release(group);
      if (options_.faculties_to_answer > 0 && faculties_answered_.size() >= options_.faculties_to_answer) on_stop(now);
      return pump(now);
    case CommitResult::kReplaced:
      return end(1, "another server has taken the lead of this store", not_leader());
    case CommitResult::kBaseMoved:
      return take_over_anew("the store's ledger is not where it was left", now);
  }
}

void CommitPipeline::on_failure(const StoreFailure& failure, const Now& now) {
  switch (failure.kind) {
    case StorageError::Kind::kUnavailable:
    case StorageError::Kind::kInDoubt:
      return take_over_anew(failure.text, now);
    case StorageError::Kind::kInvariant:
      if (std::exchange(invariant_failed_, true)) {
        return end(1, "the store refused a batch twice: " + failure.text, unavailable("the store cannot be used"));
      }
      reread_all_ = true;
      return take_over_anew("a constraint of the store fired: " + failure.text, now);
    case StorageError::Kind::kRejected: {
      std::vector<std::uint64_t> arrivals;
      for (const auto& group : in_flight_) {
        for (const auto& waiting : group.requests) arrivals.push_back(waiting.arrival);
      }
      return find_the_failing_one(failure, std::move(arrivals), now);
    }
    case StorageError::Kind::kCorrupt:
    case StorageError::Kind::kRefused:
      return end(1, failure.text, unavailable("the store cannot be used"));
  }
}

void CommitPipeline::find_the_failing_one(const StoreFailure& failure, std::vector<std::uint64_t> arrivals,
                                          const Now& now) {
  undo_all();  // what was decided later rests on it
  if (arrivals.size() > 1) {
    isolate_until_ = *std::max_element(arrivals.begin(), arrivals.end());
    log(LogLevel::kWarning, "batch-refused", failure.text + "; its requests are tried one by one");
  } else {
    const auto refused = std::find_if(undecided_.begin(), undecided_.end(),
                                      [&](const Waiting& waiting) { return waiting.arrival == arrivals.front(); });
    if (refused != undecided_.end()) {  // else its deadline has passed
      log(LogLevel::kError, "request-refused-by-store",
          failure.text + " (request-id " + refused->request.request_id.value_or("none") + ")");
      answer(*refused, failed(unavailable("the store refused the request")));
      drop(*refused);
      undecided_.erase(refused);
    }
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
  start_take_over(now);
}

void CommitPipeline::start_take_over(const Now& now) {
  DTI_CHECK(call_ == Call::kNone && gathering_.empty() && in_flight_.empty());
  retry_at_.reset();
  replay_fault_.reset();
  if (reread_all_) {
    for (const auto& [semester, head] : allocator_.heads()) allocator_.forget(semester);
  }
  actions_.emplace_back(StartTakeOver{{allocator_.heads(), allocator_.catalog().size(), start_}});
  started(Call::kTakeOver, now);
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
  const auto look_at_group = [&](Group& group) { std::for_each(group.requests.begin(), group.requests.end(), look_at); };
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
  phase_ = Phase::kEnded;
  actions_.emplace_back(Exit{code, std::move(reason)});
}

void CommitPipeline::end_if_drained() {
  const bool waits = !in_flight_.empty() || !gathering_.empty() || !undecided_.empty();
  if (!stop_at_ || waits || phase_ == Phase::kEnded) return;
  phase_ = Phase::kEnded;
  actions_.emplace_back(Exit{0, {}});
}

void CommitPipeline::started(Call call, const Now& now) {
  call_ = call;
  interrupt_at_ = now.steady + options_.store_timeout;
}

void CommitPipeline::log(LogLevel level, std::string event, std::string message) {
  actions_.emplace_back(LogEvent{level, std::move(event), std::move(message), {}});
}

}  // namespace dti
