// The part of the pipeline that gives the rooms that became free to the programs that wait.
#include <algorithm>
#include <utility>

#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/service/allocation/office.hpp"
#include "dti/service/pipeline/commit_pipeline.hpp"
#include "service/pipeline/pipeline_errors.hpp"

namespace dti {

/// The faculty and the program, for a message. The catalogue finds ids by names only, so the faculty is searched.
std::string CommitPipeline::program_text(ProgramId program) const {
  const auto& catalog = allocator_.catalog();
  const auto& name = catalog.program_name(program);
  for (FacultyId faculty = 1; faculty <= catalog.faculty_count(); ++faculty) {
    if (catalog.find_program(faculty, name) == program) {
      return "program " + escaped(name) + " of faculty " + escaped(catalog.faculty_name(faculty));
    }
  }
  return "program " + escaped(name);
}

/// The semester whose programs that wait come before every request and every command.
std::optional<SemesterId> CommitPipeline::semester_to_settle() const {
  if (stop_at_) return std::nullopt;  // the next leader continues, which can take longer than a stop may
  for (const auto semester : allocator_.unsettled()) {
    if (!settling_.is_paused(semester)) return semester;
  }
  return std::nullopt;
}

/// Starts to store the next top-ups of a semester, as soon as nothing else is on its way to the store.
void CommitPipeline::settle(SemesterId semester, const Now& now) {
  if (is_calling() || !queue_.gathering.empty()) return;
  auto change = change_of(semester, allocator_.top_ups(semester, settling_.count(semester)), allocator_);
  change.epoch = lead_.epoch();
  set_time(change, clock_.at(now.steady));
  top_ups_ = change;
  call_store(ChangeCall{std::move(change)}, now);
}

void CommitPipeline::on_settled(const Ended<ChangeCall>& changing, const Now& now) {
  const auto change = *std::exchange(top_ups_, std::nullopt);
  if (const auto* failure = changing.failure()) {
    if (failure->kind == StorageError::Kind::kInvariant) return on_top_up_contradicted(change, *failure, now);
    if (failure->kind != StorageError::Kind::kRejected) return on_failure(*failure, now);
    return on_top_up_rejected(change, *failure, now);
  }
  switch (changing.answer()) {
    case CommitResult::kCommitted: break;
    case CommitResult::kReplaced: return step_down(now);
    case CommitResult::kBaseMoved: return take_over_again("the store's ledger is not where it was left", now);
  }
  lead_.on_answer();
  invariant_failed_ = false;
  settling_.on_committed(change.semester_id, change.entries.size() / 2);
  if (!follow(change, now)) return;
  const bool goes_on = must_not_overtake(change.semester_id) && !stop_at_;
  if (!goes_on) log_top_ups(change);
  pump(now);
}

const std::string& CommitPipeline::semester_name(SemesterId id) const {
  const auto row = std::find_if(semesters_.begin(), semesters_.end(),
                                [&](const StoredSemester& semester) { return semester.id == id; });
  return row->name;
}

void CommitPipeline::log_top_ups(const Change& change) {
  log(LogEvent{LogLevel::kInfo,
               "programs-topped-up",
               "programs that waited have got more rooms",
               {{"semester", semester_name(change.semester_id)},
                {"programs", std::to_string(settling_.take_unlogged(change.semester_id))},
                {"command-id", change.entries.back().command_id.value_or("")},
                {"seq", std::to_string(change.entries.back().row.seq)}}});
}

/// The store works and has refused the change: smaller ones find the top-up that it refuses.
void CommitPipeline::on_top_up_rejected(const Change& change, const StoreFailure& failure, const Now& now) {
  const auto size = change.entries.size() / 2;
  if (settling_.on_rejected(change.semester_id, size, now.steady)) {
    if (rejected_top_ups_.pass(now.steady)) {
      const auto program = static_cast<ProgramId>(*change.entries.front().row.program_id);
      log(LogLevel::kError, "top-up-rejected-by-store",
          failure.text + "; semester " + escaped(semester_name(change.semester_id)) + ", " + program_text(program) +
              ": until the store accepts it, or the program leaves the wait list, requests of the semester get "
              "UNAVAILABLE");
    }
  }
  pump(now);
}

/// A constraint of the store fired. If it does so again after everything was read, the store cannot take this top-up: that
/// must not end the service of other semesters.
void CommitPipeline::on_top_up_contradicted(const Change& change, const StoreFailure& failure, const Now& now) {
  if (!settling_.on_contradicted(change.semester_id)) return on_top_up_rejected(change, failure, now);
  reading_.read_all_next();
  take_over_again("a constraint of the store fired: " + failure.text, now);
}

/// A request must not overtake the programs that wait.
bool CommitPipeline::must_not_overtake(const std::optional<SemesterId>& semester) const {
  return semester && allocator_.unsettled().contains(*semester);
}

}  // namespace dti
