// The part of the pipeline that stores requests about holds, and lets holds expire.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "dti/domain/name.hpp"
#include "dti/service/allocation/hold_request.hpp"
#include "dti/service/pipeline/commit_pipeline.hpp"
#include "service/pipeline/pipeline_errors.hpp"

namespace dti {

/// What is decided now would rest on the ledger before a change that is on its way to the store.
bool CommitPipeline::is_changing() const { return top_ups_ || held_ || expiring_ || expired_; }

/// The holds that are to expire before anything else is decided.
std::optional<DueHolds> CommitPipeline::due_holds(const Now& now) const {
  if (stop_at_ || !lead_.leads() || allocator_.expiries().empty()) return std::nullopt;  // as for programs that wait
  return expiring_holds_.next(allocator_, microseconds_of(clock_.at(now.steady)));
}

std::optional<SteadyTime> CommitPipeline::next_expiry() const {
  if (stop_at_ || !lead_.leads() || allocator_.expiries().empty()) return std::nullopt;
  const auto end = expiring_holds_.first_end(allocator_);
  if (!end) return std::nullopt;
  return clock_.when(WallTime{std::chrono::microseconds{*end}});
}

/// Decides a request that concerns holds, if nothing is on its way to the store.
/// @return false: it must wait, or its change is on its way
bool CommitPipeline::decide_held(const Now& now) {
  auto& waiting = queue_.undecided.front();
  const auto semester = allocator_.find_semester(waiting.request.semester);
  const auto at = clock_.at(now.steady);
  HeldDecision held;
  if (const auto due = find_due(waiting.request, allocator_, at); due != 0) {
    if (!stop_at_ && !expiring_holds_.is_aside(*semester, due)) return false;  // it expires first
    held.decision.outcome =
        failed(stop_at_ ? end_error_ : unavailable("the store does not accept that a hold of the program has expired"));
  } else {
    held = dti::decide_held(waiting.request, allocator_, !must_not_overtake(semester), at);
    if (held.overtakes) held.decision.outcome = overtaking();
  }
  if (held.change && (is_calling() || !queue_.gathering.empty())) return false;
  waiting.faculty_id = held.decision.faculty_id;
  waiting.outcome = std::move(held.decision.outcome);
  if (!held.change) {
    group_for(semester, now).requests.push_back(std::move(waiting));
    queue_.undecided.pop_front();
    return true;
  }
  RequestGroup group;
  group.semester_id = semester;
  group.base = held.change->base;
  group.requests.push_back(std::move(waiting));
  queue_.undecided.pop_front();
  queue_.in_flight.push_back(std::move(group));
  held.change->epoch = lead_.epoch();
  held_ = *std::move(held.change);
  call_store(ChangeCall{*held_}, now);
  return false;
}

void CommitPipeline::on_held(const Ended<ChangeCall>& changing, const Now& now) {
  const auto change = *std::exchange(held_, std::nullopt);
  if (const auto* failure = changing.failure()) return on_failure(*failure, now);
  if (changing.answer() == CommitResult::kCommitted) {
    on_accepted();
    if (!follow(change, now)) return;
  }
  on_written(changing.answer(), now);
}

/// Starts to let holds expire, as soon as nothing else is on its way to the store: reads their grants, because a release
/// repeats the request-id.
void CommitPipeline::expire(DueHolds due, const Now& now) {
  if (is_calling() || !queue_.gathering.empty()) return;
  LookUpCall call{lead_.epoch(), {{due.semester, allocator_.head(due.semester)}}, {}};
  for (const auto program : due.programs) {
    call.entries.push_back({.semester_id = due.semester,
                            .program = program,
                            .generation = allocator_.program(due.semester, program).generation});
  }
  expiring_ = std::move(due);
  call_store(std::move(call), now);
}

void CommitPipeline::on_expiring(const Ended<LookUpCall>& look_up, const Now& now) {
  const auto due = *std::exchange(expiring_, std::nullopt);
  if (const auto* failure = look_up.failure()) return on_failure(*failure, now);
  if (!passes(look_up.answer().guard, now)) return;
  std::vector<DueHold> holds;
  for (const auto program : due.programs) {
    const auto& entries = look_up.answer().entries;
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const StoredEntry& entry) { return entry.row.program_id == program; });
    if (found == entries.end()) {
      return on_failure({StorageError::Kind::kInvariant, "the store has no entry of a hold that is due"}, now);
    }
    holds.push_back({program, found->request_id});
  }
  auto change = change_of(due.semester, holds, allocator_, clock_.at(now.steady));
  change.epoch = lead_.epoch();
  expired_ = change;
  call_store(ChangeCall{std::move(change)}, now);
}

void CommitPipeline::on_expired(const Ended<ChangeCall>& changing, const Now& now) {
  const auto change = *std::exchange(expired_, std::nullopt);
  DueHolds due{change.semester_id, {}};
  for (const auto& entry : change.entries) due.programs.push_back(static_cast<ProgramId>(*entry.row.program_id));
  if (const auto* failure = changing.failure()) {
    if (failure->kind == StorageError::Kind::kInvariant && expiring_holds_.on_contradicted()) {
      reading_.read_all_next();
      return take_over_again("a constraint of the store fired: " + failure->text, now);
    }
    const bool is_refused =
        failure->kind == StorageError::Kind::kInvariant || failure->kind == StorageError::Kind::kRejected;
    return is_refused ? on_expiry_rejected(due, *failure, now) : on_failure(*failure, now);
  }
  switch (changing.answer()) {
    case CommitResult::kCommitted: break;
    case CommitResult::kReplaced: return step_down(now);
    case CommitResult::kBaseMoved: return take_over_again("the store's ledger is not where it was left", now);
  }
  lead_.on_answer();
  invariant_failed_ = false;
  expiring_holds_.on_committed(due);
  if (!follow(change, now)) return;
  settling_.resume(change.semester_id);
  just_expired_ = true;
  log(LogEvent{LogLevel::kInfo,
               "holds-expired",
               "holds have expired, and their rooms are free",
               {{"semester", semester_name(change.semester_id)},
                {"programs", std::to_string(due.programs.size())},
                {"command-id", change.entries.back().command_id.value_or("")},
                {"seq", std::to_string(change.entries.back().row.seq)}}});
  pump(now);
}

/// The store works and has refused the change: smaller ones find the hold that it refuses, which is put aside.
void CommitPipeline::on_expiry_rejected(const DueHolds& due, const StoreFailure& failure, const Now& now) {
  if (expiring_holds_.on_rejected(due, now.steady) && rejected_expiries_.pass(now.steady)) {
    log(LogLevel::kError, "expiry-rejected-by-store",
        failure.text + "; semester " + escaped(semester_name(due.semester)) + ", " +
            program_text(due.programs.front()) + ": its hold is due, and keeps its rooms until the store accepts it");
  }
  pump(now);
}

}  // namespace dti
