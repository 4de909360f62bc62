// The part of the pipeline that changes what a batch does not hold: a semester is opened.
#include "dti/service/allocation/commit_pipeline.hpp"

namespace dti {

void CommitPipeline::on(const Ended<OpenSemesterCall>& opening, const Now& now) {
  if (const auto* failure = opening.failure()) return on_failure(*failure, now);
  if (opening.answer().result == OpenResult::kReplaced) return step_down(now);
  lead_.on_answer();
  pump(now);
}

}  // namespace dti
