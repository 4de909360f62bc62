// The part of the pipeline that decides requests, gathers the decisions, commits them, and undoes those that are not stored.
#include <algorithm>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/service/pipeline/commit_pipeline.hpp"
#include "service/pipeline/pipeline_errors.hpp"

namespace dti {
namespace {

Pool sum_of(const std::vector<LedgerEntry>& entries) {
  Pool sum;
  for (const auto& entry : entries) {
    DTI_CHECK(entry.kind == EntryKind::kGranted);
    sum = give_back(sum, entry.grant);
  }
  return sum;
}

}  // namespace

// From undecided to decided.

void CommitPipeline::decide(WaitingRequest waiting, const Now& now) {
  const auto semester = allocator_.find_semester(waiting.request.semester);
  auto& group = group_for(semester, now);
  auto decision = allocator_.decide(waiting.request, group.entries);
  if (decision.entry_count > 0 && must_not_overtake(semester)) {
    for (; decision.entry_count > 0; --decision.entry_count) {
      allocator_.undo(*semester, group.entries.back());
      group.entries.pop_back();
    }
    decision.outcome = overtaking();
  }
  waiting.faculty_id = decision.faculty_id;
  waiting.outcome = std::move(decision.outcome);
  waiting.entry_count = decision.entry_count;
  group.requests.push_back(std::move(waiting));
}

/// The outcome of a request that would overtake the programs that wait.
Outcome CommitPipeline::overtaking() const {
  return failed(stop_at_ ? end_error_
                         : unavailable("the store does not accept what the wait list of the semester is due"));
}

/// Decides the first request.
/// @return false: it concerns holds, and must wait, or nothing else may be decided before it is stored
bool CommitPipeline::decide_first(const Now& now) {
  if (allocator_.concerns_holds(queue_.undecided.front().request)) return decide_held(now);
  decide(std::move(queue_.undecided.front()), now);
  queue_.undecided.pop_front();
  return true;
}

/// Decides the requests that may be decided now, in order of arrival: those before the next barrier, and only a few of
/// the isolated ones. Executes the barrier that comes next. Programs that wait, and holds that are due, come before all of
/// them; but what waits comes before the next holds, so that many of them do not delay it.
void CommitPipeline::decide_waiting(const Now& now) {
  if (const auto semester = semester_to_settle()) return settle(*semester, now);
  if (is_changing()) return;
  if (!std::exchange(just_expired_, false)) {
    if (auto due = due_holds(now)) return expire(*std::move(due), now);
  }
  const auto is_isolated = [this] { return isolation_.isolates(queue_.undecided.front().arrival); };
  while (queue_.is_request_next() && !is_isolated() && decide_first(now)) {
  }
  if (is_calling() || !queue_.gathering.empty()) return;
  for (std::size_t i = 0; i < isolation_.size() && queue_.is_request_next() && is_isolated(); ++i) {
    if (!decide_first(now)) return;
  }
  if (queue_.gathering.empty()) pass_barrier(now);
}

RequestGroup& CommitPipeline::group_for(std::optional<SemesterId> semester_id, const Now& now) {
  const auto newest = std::find_if(queue_.gathering.rbegin(), queue_.gathering.rend(),
                                   [&](const RequestGroup& group) { return group.semester_id == semester_id; });
  if (newest != queue_.gathering.rend() && newest->entries.size() < options_.batch_entries_max) return *newest;
  RequestGroup group;
  group.semester_id = semester_id;
  group.base = semester_id ? allocator_.head(*semester_id) : 0;
  group.at = clock_.at(now.steady);
  return queue_.gathering.emplace_back(std::move(group));
}

// From decided to durable.

void CommitPipeline::pump(const Now& now) {
  start_next(now);
  end_if_drained(now);
}

void CommitPipeline::start_next(const Now& now) {
  if (has_ended_ || !lead_.leads()) return;
  // Before the next batch: under load there is always one.
  if (lead_.is_renewal_due(now.steady) && !is_calling()) renew(now);
  decide_waiting(now);
  if (is_calling() || queue_.gathering.empty()) return;
  if (queue_.gathering.front().entries.empty()) {
    start_guards(now);
  } else {
    start_commit(now);
  }
}

void CommitPipeline::start_commit(const Now& now) {
  auto group = std::move(queue_.gathering.front());
  queue_.gathering.pop_front();
  Batch batch{.semester_id = *group.semester_id,
              .epoch = lead_.epoch(),
              .base = group.base,
              .charged = sum_of(group.entries),
              .entries = std::exchange(group.entries, {}),
              .messages = {},
              .at = group.at};
  for (const auto& waiting : group.requests) {
    if (waiting.entry_count == 0) continue;
    batch.messages.push_back({waiting.request.request_id, static_cast<std::uint32_t>(waiting.entry_count)});
  }
  group.batch = std::make_shared<const Batch>(std::move(batch));
  CommitCall call{group.batch};
  queue_.in_flight.push_back(std::move(group));
  call_store(std::move(call), now);
}

void CommitPipeline::start_guards(const Now& now) {
  // All groups without entries that depend on no entry that is not written yet.
  GuardCall guard{lead_.epoch(), {}};
  std::deque<RequestGroup> kept;
  std::unordered_set<SemesterId> written;
  for (auto& group : queue_.gathering) {
    const bool writes = !group.entries.empty();
    if (writes) written.insert(*group.semester_id);
    if (writes || (group.semester_id && written.contains(*group.semester_id))) {
      kept.push_back(std::move(group));
    } else {
      if (group.semester_id) guard.semesters.push_back({*group.semester_id, group.base});
      queue_.in_flight.push_back(std::move(group));
    }
  }
  queue_.gathering = std::move(kept);
  call_store(std::move(guard), now);
}

void CommitPipeline::on(const Ended<CommitCall>& commit, const Now& now) {
  if (const auto* failure = commit.failure()) return on_failure(*failure, now);
  if (commit.answer() == CommitResult::kCommitted) on_accepted();
  on_written(commit.answer(), now);
}

/// The store has accepted requests.
void CommitPipeline::on_accepted() {
  invariant_failed_ = false;
  if (!isolation_.on_committed()) return;
  const auto untold = isolation_.end_log();
  log(LogLevel::kInfo, "store-accepts-again",
      "a batch was committed" +
          (untold > 0 ? "; " + std::to_string(untold) + " more requests had got UNAVAILABLE" : std::string{}));
}

void CommitPipeline::on(const Ended<GuardCall>& guard, const Now& now) {
  if (const auto* failure = guard.failure()) return on_failure(*failure, now);
  // It only reads, and a primary that was replaced but cannot know it still answers reads. The renewal is a commit: there
  // it does not return.
  if (guard.answer() == CommitResult::kCommitted && !lead_.has_lease(now.steady)) return renew(now);
  on_written(guard.answer(), now);
}

/// The groups in flight are durable, or the store gives the reason why they are not.
void CommitPipeline::on_written(CommitResult result, const Now& now) {
  switch (result) {
    case CommitResult::kCommitted: lead_.on_answer(); return on_durable(std::exchange(queue_.in_flight, {}), now);
    case CommitResult::kReplaced: return step_down(now);
    case CommitResult::kBaseMoved: return take_over_again("the store's ledger is not where it was left", now);
  }
}

void CommitPipeline::on_durable(std::vector<RequestGroup> groups, const Now& now) {
  start_next(now);  // first, so that the store works on the next batch while the replies to this one are sent
  for (auto& group : groups) answer_all(group);
  if (options_.faculties_to_answer > 0 && faculties_answered_.size() >= options_.faculties_to_answer) on_stop(now);
  end_if_drained(now);
}

// Back from decided to undecided: after a failure, or when the store refuses them.

void CommitPipeline::on_failure(const StoreFailure& failure, const Now& now) {
  switch (failure.kind) {
    case StorageError::Kind::kUnavailable:
    case StorageError::Kind::kUnreachable:
    case StorageError::Kind::kInDoubt: return take_over_again(failure.text, now);
    case StorageError::Kind::kInvariant:
      if (std::exchange(invariant_failed_, true)) {
        return end(1, "a constraint of the store fired twice: " + failure.text,
                   unavailable("the store cannot be used"));
      }
      reading_.read_all_next();
      return take_over_again("a constraint of the store fired: " + failure.text, now);
    case StorageError::Kind::kRejected: return on_rejected(failure, now);
    case StorageError::Kind::kCorrupt:
    case StorageError::Kind::kRewritten:
    case StorageError::Kind::kRefused:
      return end(exit_code(failure.kind), failure.text, unavailable("the store cannot be used"));
  }
}

/// The store works and has refused the batch in flight: smaller batches find the request that it refuses.
void CommitPipeline::on_rejected(const StoreFailure& failure, const Now& now) {
  std::size_t size = 0;
  std::uint64_t last = 0;
  for (const auto& group : queue_.in_flight) {
    size += group.requests.size();
    for (const auto& waiting : group.requests) last = std::max(last, waiting.arrival);
  }
  undo_all();  // later decisions depend on that batch
  isolation_.on_refused(size, last, now.steady);
  if (size > 1) {
    if (isolation_.log_batch(now.steady)) {
      log(LogLevel::kWarning, "batch-refused", failure.text + "; its requests are tried in smaller batches");
    }
    return pump(now);
  }
  const auto told = queue_.remove_undecided([&](WaitingRequest& waiting) {
    if (!isolation_.refuses_all() && waiting.arrival != last) return false;
    log(LogLevel::kDebug, "request-refused-by-store", "request-id " + waiting.request.request_id.value_or("none"));
    answer(waiting, failed(unavailable("the store refused the request")));
    return true;
  });
  if (const auto count = isolation_.log_requests(now.steady, told)) {
    log(LogLevel::kError, "requests-refused-by-store",
        failure.text + "; " + std::to_string(*count) + " requests got UNAVAILABLE");
  }
  pump(now);
}

void CommitPipeline::undo_all() {
  queue_.take_back([this](SemesterId semester, const LedgerEntry& entry) { allocator_.undo(semester, entry); });
}

void CommitPipeline::take_over_again(const std::string& why, const Now& now) {
  log(LogLevel::kWarning, "taking-over-anew", why);
  take_over_again(now);
}

void CommitPipeline::take_over_again(const Now& now) {
  undo_all();
  if (lead_.lose(now.steady)) start_take_over(now);
}

}  // namespace dti
