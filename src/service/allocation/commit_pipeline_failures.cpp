// The part of the pipeline that undoes what was decided and not stored: after a failure, and for a store that refuses it.
#include <algorithm>
#include <iterator>
#include <utility>

#include "dti/service/allocation/commit_pipeline.hpp"
#include "service/allocation/pipeline_errors.hpp"

namespace dti {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetryDelayMin{100};  // between take-overs, while the store fails; doubles each time
constexpr milliseconds kRetryDelayMax{1'000};
constexpr milliseconds kRefusalPause{1'000};  // how long a store that refuses everything makes us not ready

}  // namespace

void CommitPipeline::on_failure(const StoreFailure& failure, const Now& now) {
  switch (failure.kind) {
    case StorageError::Kind::kUnavailable:
    case StorageError::Kind::kUnreachable:
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

void CommitPipeline::decide_next_of_isolated() {
  for (std::size_t i = 0; i < isolate_size_ && !undecided_.empty() && undecided_.front().arrival <= isolate_until_;
       ++i) {
    decide(std::move(undecided_.front()));
    undecided_.pop_front();
  }
}

void CommitPipeline::log_accepts_again() {
  batches_refused_.end();
  const auto untold = requests_refused_.end();
  log(LogLevel::kInfo, "store-accepts-again",
      "a batch was committed" +
          (untold > 0 ? "; " + std::to_string(untold) + " more requests had been told UNAVAILABLE" : std::string{}));
}

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

}  // namespace dti
