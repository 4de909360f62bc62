// The part of the pipeline that undoes decisions that are not stored: after a failure, or when the store refuses them.
#include <algorithm>
#include <utility>

#include "dti/service/allocation/commit_pipeline.hpp"
#include "service/allocation/pipeline_errors.hpp"

namespace dti {

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
