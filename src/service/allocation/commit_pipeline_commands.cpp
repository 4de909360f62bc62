// The part of the pipeline that executes barriers: commands that are not part of a batch.
#include <utility>

#include "dti/domain/name.hpp"
#include "dti/service/allocation/commit_pipeline.hpp"
#include "dti/service/ledger/quantity_text.hpp"
#include "service/allocation/pipeline_errors.hpp"

namespace dti {

/// Executes the first barrier, if no request is to be decided before it. Everything that was decided is committed.
/// @return whether it was answered from the state, so that later requests may be decided
bool CommitPipeline::pass_barrier(const Now& now) {
  if (queue_.barriers.empty() || queue_.is_request_next()) return false;
  auto& barrier = queue_.barriers.front();
  if (auto outcome = dti::decide(barrier.command, semesters_)) {
    answer(barrier, *std::move(outcome));
    queue_.leave_first_barrier();
    return true;
  }
  barrier.in_progress = true;
  call_store(OpenSemesterCall{lead_.epoch(), barrier.command.name, barrier.command.capacity, now.wall}, now);
  return false;
}

void CommitPipeline::on(const Ended<OpenSemesterCall>& opening, const Now& now) {
  if (const auto* failure = opening.failure()) {
    if (failure->kind != StorageError::Kind::kRejected) return on_failure(*failure, now);
    if (const auto count = rejected_commands_.pass(now.steady)) {
      log(LogLevel::kError, "command-rejected-by-store",
          failure->text + "; " + std::to_string(*count) + " commands got UNAVAILABLE");
    }
    return end_barrier({unavailable("the store rejected the command")}, now);
  }
  lead_.on_answer();
  switch (opening.answer().result) {
    case OpenResult::kOpened: return on_opened(opening.answer().id, now);
    case OpenResult::kExists: return end_barrier({exists_unserved(queue_.barriers.front().command)}, now);
    case OpenResult::kReplaced: return step_down(now);
    case OpenResult::kBaseMoved: return take_over_again("the store's epoch is lower than this server's", now);
  }
}

/// The store has the semester of the first barrier, and the server serves it from now on.
void CommitPipeline::on_opened(SemesterId id, const Now& now) {
  const auto& [name, capacity] = queue_.barriers.front().command;
  if (const auto fault = allocator_.open(id, name, capacity)) {
    reading_.read_all_next();
    return take_over_again("the opened semester differs from the state: " + *fault, now);
  }
  semesters_.push_back({.id = id, .name = name, .opened_with = capacity});
  invariant_failed_ = false;
  log(LogLevel::kInfo, "semester-opened", "semester " + escaped(name) + " is open with " + text_of(capacity));
  end_barrier({}, now);
}

/// The first barrier is done.
void CommitPipeline::end_barrier(OpenSemesterOutcome outcome, const Now& now) {
  answer(queue_.barriers.front(), std::move(outcome));
  queue_.leave_first_barrier();
  pump(now);
}

}  // namespace dti
