// The part of the pipeline that executes barriers: commands that are not part of a batch.
#include <algorithm>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/service/allocation/office.hpp"
#include "dti/service/allocation/stored_semesters.hpp"
#include "dti/service/ledger/quantity_text.hpp"
#include "dti/service/pipeline/commit_pipeline.hpp"
#include "service/pipeline/pipeline_errors.hpp"

namespace dti {

/// Executes the first barrier, if no request is to be decided before it. Everything that was decided is committed.
void CommitPipeline::pass_barrier(const Now& now) {
  if (queue_.barriers.empty() || queue_.is_request_next() || due_holds(now)) return;
  auto& barrier = queue_.barriers.front();
  barrier.in_progress = true;
  std::visit([&](const auto& command) { start(command, now); }, barrier.command);
}

void CommitPipeline::start(const OpenSemester& command, const Now& now) {
  if (command.is_dry_run || dti::decide(command, semesters_)) {
    return start_look_up(find_semester(semesters_, command.name), {}, now);
  }
  call_store(OpenSemesterCall{lead_.epoch(), command.name, command.capacity, clock_.at(now.steady)}, now);
}

void CommitPipeline::start(const OfficeCommand& command, const Now& now) {
  if (command.catalog) return call_store(CatalogLookUpCall{lead_.epoch(), command.id, command.catalog->earlier}, now);
  const bool comes_too_late = stop_at_ && must_not_overtake(allocator_.find_semester(command.semester));
  if (comes_too_late && !queue_.barriers.front().is_written) return end_barrier_with(end_error_, now);
  const auto subject = find_subject(command, allocator_, semesters_);
  const auto* const found = std::get_if<OfficeSubject>(&subject);
  std::vector<EntriesToRead> entries;
  if (found != nullptr) entries = entries_to_read(command, *found);
  start_look_up(find_semester(semesters_, command.semester), std::move(entries), now);
}

/// An answer that writes nothing needs a guard, and a change rests on what the store has.
/// @param semester  null: the store has none of that name
void CommitPipeline::start_look_up(const StoredSemester* semester, std::vector<EntriesToRead> entries, const Now& now) {
  LookUpCall call{lead_.epoch(), {}, std::move(entries)};
  if (semester != nullptr) {
    const auto head = semester->is_open ? allocator_.head(semester->id) : semester->head;
    call.semesters.push_back({semester->id, head});
  }
  call_store(std::move(call), now);
}

/// Tells whether the guard that was read holds, and this server may judge the first barrier.
bool CommitPipeline::passes(CommitResult guard, const Now& now) {
  if (guard == CommitResult::kReplaced) step_down(now);
  if (guard == CommitResult::kBaseMoved) take_over_again("the store's ledger is not where it was left", now);
  if (guard != CommitResult::kCommitted) return false;
  lead_.on_answer();
  if (lead_.has_lease(now.steady)) return true;
  // A primary that was replaced but cannot know it still answers reads.
  if (!queue_.barriers.empty()) queue_.barriers.front().in_progress = false;
  renew(now);
  return false;
}

void CommitPipeline::on(const Ended<LookUpCall>& look_up, const Now& now) {
  if (expiring_) return on_expiring(look_up, now);
  if (const auto* failure = look_up.failure()) return on_failure(*failure, now);
  if (!passes(look_up.answer().guard, now)) return;
  auto& barrier = queue_.barriers.front();
  if (const auto* opening = std::get_if<OpenSemester>(&barrier.command)) {
    // Nothing is decided only about a dry run: the semester could be opened.
    return end_barrier(dti::decide(*opening, semesters_).value_or(OpenSemesterOutcome{}), now);
  }
  judge(std::get<OfficeCommand>(barrier.command), look_up.answer(), now);
}

void CommitPipeline::judge(const OfficeCommand& command, const LookUpCall::Answer& found, const Now& now) {
  auto subject = find_subject(command, allocator_, semesters_);
  if (const auto* error = std::get_if<RequestError>(&subject)) return end_barrier_with(*error, now);
  std::get<OfficeSubject>(subject).store = hex_text(found.store);
  const auto& entries = found.entries;
  const auto at = clock_.at(now.steady);
  std::get<OfficeSubject>(subject).at = at;
  try {
    auto decided = dti::decide(command, std::get<OfficeSubject>(subject), entries);
    if (auto* outcome = std::get_if<OfficeOutcome>(&decided)) {
      // The store may have changed before the answer to this command was lost.
      if (queue_.barriers.front().is_written && std::exchange(outcome->is_repeat, false)) {
        note_change(find_written(command, entries)->row.seq);
      }
      return end_barrier(std::move(*outcome), now);
    }
    // The store does not have the change after all, and its sender knows that nothing may have been changed.
    if (queue_.barriers.front().answered) return end_barrier(OfficeOutcome{}, now);
    auto& change = std::get<OfficePlan>(decided).change;
    change.epoch = lead_.epoch();
    set_time(change, at);
    plan_ = std::move(std::get<OfficePlan>(decided));
    call_store(ChangeCall{plan_->change}, now);
  } catch (const StorageError& error) {
    on_failure({error.kind(), error.what()}, now);
  }
}

/// Tells whether the store has the change of the first barrier. Otherwise the pipeline reacts.
template <class Call>
bool CommitPipeline::is_stored(const Ended<Call>& writing, const Now& now) {
  if (const auto* failure = writing.failure()) {
    queue_.barriers.front().is_written = true;  // if the store has it after all
    on_barrier_failure(*failure, now);
    return false;
  }
  switch (writing.answer()) {
    case CommitResult::kCommitted: return true;
    case CommitResult::kReplaced: step_down(now); return false;
    case CommitResult::kBaseMoved: take_over_again("the store's ledger is not where it was left", now); return false;
  }
  return false;
}

void CommitPipeline::on(const Ended<ChangeCall>& changing, const Now& now) {
  if (top_ups_) return on_settled(changing, now);
  if (held_) return on_held(changing, now);
  if (expired_) return on_expired(changing, now);
  if (is_stored(changing, now)) on_changed(now);
}

void CommitPipeline::on(const Ended<CatalogLookUpCall>& look_up, const Now& now) {
  if (const auto* failure = look_up.failure()) return on_failure(*failure, now);
  if (!passes(look_up.answer().guard, now)) return;
  const auto& barrier = queue_.barriers.front();
  const auto& command = std::get<OfficeCommand>(barrier.command);
  try {
    auto decided = decide_catalog(command, allocator_.catalog(), look_up.answer().state,
                                  [this](ProgramId program) { return waits_in(program); });
    if (auto* outcome = std::get_if<OfficeOutcome>(&decided)) {
      // The store may have changed before the answer to this command was lost.
      if (barrier.is_written && std::exchange(outcome->is_repeat, false)) {
        note_change(outcome->seq, barrier.programs_added);
      }
      return end_barrier(std::move(*outcome), now);
    }
    if (barrier.answered) return end_barrier(OfficeOutcome{}, now);  // as in judge()
    addition_ = std::get<CatalogAddition>(std::move(decided));
    addition_->change.epoch = lead_.epoch();
    addition_->change.at = clock_.at(now.steady);
    call_store(ChangeCatalogCall{addition_->change}, now);
  } catch (const StorageError& error) {
    on_failure({error.kind(), error.what()}, now);
  }
}

/// The open semester in whose wait list a program has a place; none: it has none.
std::optional<std::string> CommitPipeline::waits_in(ProgramId program) const {
  for (const auto& semester : semesters_) {
    if (!semester.is_open || allocator_.wait_list(semester.id) == nullptr) continue;
    const auto state = allocator_.program(semester.id, program);
    const bool has_place =
        state.held && state.waits_since > 0 && grant_status(state.held->want, state.held->grant) != Status::kOk;
    if (has_place) return semester.name;
  }
  return std::nullopt;
}

/// The catalogue follows the store, as that of a standby does.
void CommitPipeline::on(const Ended<ChangeCatalogCall>& changing, const Now& now) {
  const auto addition = std::exchange(addition_, std::nullopt);
  queue_.barriers.front().programs_added = addition->outcome.catalog->programs_added;
  if (!is_stored(changing, now)) return;
  lead_.on_answer();
  invariant_failed_ = false;
  if (!allocator_.add_programs(addition->change.programs) || !allocator_.change_programs(addition->change.changes)) {
    reading_.read_all_next();
    return take_over_again("a change of the catalogue differs from the state", now);
  }
  note_change(addition->outcome.seq, addition->outcome.catalog->programs_added);
  end_barrier(addition->outcome, now);
}

/// The store has the change of the first barrier: the state follows it by replaying its entries, as a standby does.
void CommitPipeline::on_changed(const Now& now) {
  lead_.on_answer();
  invariant_failed_ = false;
  const auto plan = *std::exchange(plan_, std::nullopt);
  const auto& change = plan.change;
  if (allocator_.head(change.semester_id) != change.base) {
    // A semester that was closed before this server led. Its ledger is read, and the command is judged again.
    const auto& command = std::get<OfficeCommand>(queue_.barriers.front().command);
    queue_.barriers.front().is_written = true;
    log(LogLevel::kInfo, "semester-is-read",
        "semester " + escaped(command.semester) + " was reopened, and its ledger is read by a take-over");
    return take_over_again(now);
  }
  if (!follow(change, now)) return;
  settling_.resume(change.semester_id);
  note_change(change.entries.back().row.seq);
  end_barrier(plan.outcome, now);
}

/// Lets the state follow a change that the store has.
/// @return false: it cannot, and the server takes over
bool CommitPipeline::follow(const Change& change, const Now& now) {
  for (const auto& entry : change.entries) {
    if (const auto fault = allocator_.replay(change.semester_id, entry.row)) {
      reading_.read_all_next();
      take_over_again("a change differs from the state: " + to_string(*fault), now);
      return false;
    }
  }
  const auto row = std::find_if(semesters_.begin(), semesters_.end(),
                                [&](const StoredSemester& semester) { return semester.id == change.semester_id; });
  if (change.is_open && !row->is_open) allocator_.reopen(row->name, change.semester_id);
  if (!change.is_open) allocator_.close(row->name);
  row->head = change.entries.back().row.seq;
  row->capacity = change.capacity;
  row->left = change.left;
  row->is_open = change.is_open;
  return true;
}

void CommitPipeline::note_change(Seq seq, std::int64_t programs_added) {
  auto& command = std::get<OfficeCommand>(queue_.barriers.front().command);
  if (command.catalog) command.catalog->rows.clear();  // the change is made
  if (auto* const round = std::get_if<RunRound>(&command.change)) round->plan.asks.clear();
  actions_.emplace_back(NoteOfficeChange{command, seq, programs_added});
}

void CommitPipeline::on(const Ended<OpenSemesterCall>& opening, const Now& now) {
  if (const auto* failure = opening.failure()) return on_barrier_failure(*failure, now);
  lead_.on_answer();
  switch (opening.answer().result) {
    case OpenResult::kOpened: return on_opened(opening.answer().id, now);
    case OpenResult::kExists:
      return end_barrier(OpenSemesterOutcome{exists_unserved(std::get<OpenSemester>(queue_.barriers.front().command))},
                         now);
    case OpenResult::kReplaced: return step_down(now);
    case OpenResult::kBaseMoved: return take_over_again("the store's epoch is lower than this server's", now);
  }
}

/// The store has the semester of the first barrier, and the server serves it from now on.
void CommitPipeline::on_opened(SemesterId id, const Now& now) {
  const auto& [name, capacity, is_dry_run] = std::get<OpenSemester>(queue_.barriers.front().command);
  DTI_CHECK(!is_dry_run);
  if (const auto fault = allocator_.open(id, name, capacity)) {
    reading_.read_all_next();
    return take_over_again("the opened semester differs from the state: " + *fault, now);
  }
  semesters_.push_back({.id = id, .name = name, .opened_with = capacity});
  invariant_failed_ = false;
  log(LogLevel::kInfo, "semester-opened", "semester " + escaped(name) + " is open with " + text_of(capacity));
  end_barrier(OpenSemesterOutcome{}, now);
}

/// A call that would have written the change of the first barrier failed.
void CommitPipeline::on_barrier_failure(const StoreFailure& failure, const Now& now) {
  if (failure.kind != StorageError::Kind::kRejected) return on_failure(failure, now);
  if (const auto count = rejected_commands_.pass(now.steady)) {
    log(LogLevel::kError, "command-rejected-by-store",
        failure.text + "; " + std::to_string(*count) + " commands got UNAVAILABLE");
  }
  end_barrier_with(unavailable("the store rejected the command"), now);
}

/// The first barrier is done.
template <class BarrierOutcome>
void CommitPipeline::end_barrier(BarrierOutcome outcome, const Now& now) {
  answer(queue_.barriers.front(), std::move(outcome));
  queue_.leave_first_barrier();
  pump(now);
}

void CommitPipeline::end_barrier_with(const RequestError& error, const Now& now) {
  refuse(queue_.barriers.front(), error);
  queue_.leave_first_barrier();
  pump(now);
}

}  // namespace dti
