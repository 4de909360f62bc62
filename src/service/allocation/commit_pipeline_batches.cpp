// The part of the pipeline that decides requests, gathers what was decided, and commits it.
#include <algorithm>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/service/allocation/commit_pipeline.hpp"

namespace dti {
namespace {

Pool sum_of(const std::vector<LedgerEntry>& entries) {
  Pool sum;
  for (const auto& entry : entries) sum = give_back(sum, entry.grant);
  return sum;
}

}  // namespace

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
  if (!undecided_.empty() && !call_ && gathering_.empty()) decide_next_of_isolated();
  if (call_ || gathering_.empty()) return;
  if (gathering_.front().entries.empty()) {
    start_guards(now);
  } else {
    start_commit(now);
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
  CommitCall call{group.batch};
  in_flight_.push_back(std::move(group));
  call_store(std::move(call), now);
}

void CommitPipeline::start_guards(const Now& now) {
  // All that write nothing and rest on nothing that is still to be written.
  GuardCall guard{epoch_, {}};
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
  call_store(std::move(guard), now);
}

void CommitPipeline::on(const Ended<CommitCall>& commit, const Now& now) {
  if (const auto* failure = commit.failure()) return on_failure(*failure, now);
  if (commit.answer() == CommitResult::kCommitted) {
    invariant_failed_ = false;
    isolate_size_ *= 2;
    if (std::exchange(refused_in_a_row_, 0) >= kRefusedInARowMax) log_accepts_again();
  }
  on_written(commit.answer(), now);
}

void CommitPipeline::on(const Ended<GuardCall>& guard, const Now& now) {
  if (const auto* failure = guard.failure()) return on_failure(*failure, now);
  on_written(guard.answer(), now);
}

/// What is in flight has become durable, or the store says why not.
void CommitPipeline::on_written(CommitResult result, const Now& now) {
  switch (result) {
    case CommitResult::kCommitted: failures_in_a_row_ = 0; return on_durable(std::exchange(in_flight_, {}), now);
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

}  // namespace dti
