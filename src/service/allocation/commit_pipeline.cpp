// What comes from outside: requests, time, and the wish to stop.
#include "dti/service/allocation/commit_pipeline.hpp"

#include <utility>
#include <variant>

#include "dti/base/check.hpp"
#include "service/allocation/pipeline_errors.hpp"

namespace dti {
namespace {

constexpr std::chrono::milliseconds kSilenceMax{1'000};  // a store that takes longer for one call is not ready

}  // namespace

CommitPipeline::CommitPipeline(PipelineOptions options, StartOptions start)
    : options_(options), start_(std::move(start)), end_error_(unavailable("the server is stopping")) {}

void CommitPipeline::on_start(const Now& now) { start_take_over(now); }

void CommitPipeline::on_request(Token token, AllocationRequest request, std::size_t bytes, const Now& now) {
  Waiting waiting{.arrival = ++arrivals_,
                  .token = token,
                  .request = std::move(request),
                  .bytes = bytes,
                  .deadline = now.steady + options_.store_timeout,
                  .outcome = {}};
  if (!takes_requests()) return answer(waiting, failed(end_error_));
  if (phase_ == Phase::kStandby) return answer(waiting, failed(not_leader()));
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

void CommitPipeline::on_tick(const Now& now) {
  if (phase_ == Phase::kEnded) return;
  if (stop_at_ && now.steady >= *stop_at_) {
    if (!anybody_waits()) {
      log(LogLevel::kWarning, "lease-not-released", "the store did not answer in time; the lease runs out by itself");
      return end_in_order();
    }
    return end(1, "stopped before the store answered", unavailable("the server stopped before the store answered"));
  }
  if (expire_at_ && now.steady >= *expire_at_) expire(now);
  if (call_ && now.steady >= interrupt_at_) {
    interrupt_at_ = now.steady + options_.store_timeout;
    log_silent(now);
    actions_.emplace_back(InterruptStore{});
  }
  if (retry_at_ && now.steady >= *retry_at_ && !call_) start_take_over(now);
  if (watch_at_ && now.steady >= *watch_at_ && !call_) start_watch(now);
  if (is_renewal_due(now)) start_renewal(now);
  end_if_drained(now);
}

void CommitPipeline::on_stop(const Now& now) {
  if (phase_ == Phase::kEnded || stop_at_) return;
  stop_at_ = now.steady + options_.stop_timeout;
  end_if_drained(now);
}

bool CommitPipeline::is_ready(const Now& now) const {
  const bool is_silent = call_ && now.steady - call_since_ > kSilenceMax;
  const bool refuses_all = refused_in_a_row_ >= kRefusedInARowMax && now.steady < refuses_all_until_;
  return phase_ == Phase::kLeading && now.steady < lease_until_ && !stop_at_ && !is_silent && !refuses_all;
}

bool CommitPipeline::may_lead(const Now& now) const {
  return (phase_ == Phase::kLeading || phase_ == Phase::kTakingOver) && now.steady < lease_until_;
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
  consider(watch_at_);
  if (call_) {
    consider(interrupt_at_);
  } else if (phase_ == Phase::kLeading) {
    consider(renew_at_);
  }
  return earliest;
}

std::vector<Action> CommitPipeline::take_actions() { return std::exchange(actions_, {}); }

void CommitPipeline::call_store(StoreCall call, const Now& now) {
  DTI_CHECK(!call_);
  call_ = call.index();
  call_since_ = now.steady;
  interrupt_at_ = now.steady + options_.store_timeout;
  actions_.emplace_back(std::move(call));
}

void CommitPipeline::on_store(StoreResult result, const Now& now) {
  DTI_CHECK(call_ == result.index());
  call_.reset();
  if (phase_ == Phase::kEnded) return;
  std::visit(
      [&](const auto& ended) {
        if (ended.failure() == nullptr) end_silence(now);
        on(ended, now);
      },
      result);
}

/// The store has answered a call.
void CommitPipeline::end_silence(const Now& now) {
  if (!silent_since_) return;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.steady - *silent_since_).count();
  const auto untold = silent_.end();
  silent_since_.reset();
  log(LogLevel::kInfo, "store-answers-again",
      "the store answered a call, " + std::to_string(seconds) + " s after the first call that it did not answer in time" +
          (untold > 0 ? "; " + std::to_string(untold) + " more interrupts were not logged" : std::string{}));
}

void CommitPipeline::log_silent(const Now& now) {
  if (!silent_since_) silent_since_ = call_since_;
  const auto count = silent_.pass(now.steady);
  if (!count) return;
  log(LogLevel::kWarning, "store-silent",
      "a call of the store took longer than --store-timeout, and the server interrupts it" +
          (*count > 1 ? " (" + std::to_string(*count) + " times since this was last logged)" : std::string{}) +
          "; the server keeps trying");
}

void CommitPipeline::log(LogLevel level, std::string event, std::string message) {
  actions_.emplace_back(LogEvent{level, std::move(event), std::move(message), {}});
}

}  // namespace dti
