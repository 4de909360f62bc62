// The inputs of the pipeline: commands, time, and the request to stop.
#include "dti/service/pipeline/commit_pipeline.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "service/pipeline/pipeline_errors.hpp"

namespace dti {

CommitPipeline::CommitPipeline(PipelineOptions options, StartOptions start)
    : options_(options),
      start_(std::move(start)),
      settling_(std::max<std::size_t>(1, options.batch_entries_max / 2)),
      queue_({.requests_max = options.requests_max, .bytes_max = options.bytes_max}),
      lead_(options.lease.duration),
      call_(options.store_timeout),
      end_error_(unavailable("the server is stopping")) {}

void CommitPipeline::on_start(const Now& now) { start_take_over(now); }

void CommitPipeline::on_command(Token token, Command command, std::size_t bytes, const Now& now) {
  std::visit([&](auto& what) { accept(token, std::move(what), bytes, now); }, command);
}

void CommitPipeline::on_request(Token token, AllocationRequest request, std::size_t bytes, const Now& now) {
  accept(token, std::move(request), bytes, now);
}

void CommitPipeline::accept(Token token, AllocationRequest&& request, std::size_t bytes, const Now& now) {
  WaitingRequest waiting{.token = token,
                         .request = std::move(request),
                         .bytes = bytes,
                         .deadline = now.steady + options_.store_timeout,
                         .outcome = {}};
  if (!hold(waiting)) return;
  const bool is_next = lead_.leads() && !queue_.has_undecided() && allocator_.unsettled().empty() && !is_changing();
  if (is_next && !due_holds(now) && !allocator_.concerns_holds(waiting.request)) {
    decide(std::move(waiting), now);
  } else {
    queue_.undecided.push_back(std::move(waiting));
  }
}

template <class BarrierCommand>
void CommitPipeline::accept_barrier(Token token, BarrierCommand&& command, std::size_t bytes, const Now& now) {
  auto fault = fault_of(command);
  WaitingBarrier waiting{
      .token = token, .command = std::move(command), .bytes = bytes, .deadline = now.steady + options_.store_timeout};
  if (fault) return refuse(waiting, *std::move(fault));
  if (takes_requests() && queue_.barriers.size() >= kBarriersMax) return refuse(waiting, overloaded());
  if (hold(waiting)) queue_.barriers.push_back(std::move(waiting));
}

void CommitPipeline::accept(Token token, OpenSemester&& command, std::size_t bytes, const Now& now) {
  accept_barrier(token, std::move(command), bytes, now);
}

void CommitPipeline::accept(Token token, OfficeCommand&& command, std::size_t bytes, const Now& now) {
  accept_barrier(token, std::move(command), bytes, now);
}

/// @return true if it is held; otherwise it has its reply
template <class Waiting>
bool CommitPipeline::hold(Waiting& waiting) {
  const auto turn_away = [&](RequestError error) {
    refuse(waiting, std::move(error));
    return false;
  };
  if (!takes_requests()) return turn_away(end_error_);
  if (lead_.phase() == Lead::Phase::kStandby) return turn_away(not_leader(lead_.leader()));
  if (!queue_.admit(waiting.arrival, waiting.bytes)) return turn_away(overloaded());
  if (!expire_at_) expire_at_ = waiting.deadline;
  return true;
}

void CommitPipeline::on_tick(const Now& now) {
  if (has_ended_) return;
  if (stop_at_ && now.steady >= *stop_at_) {
    if (queue_.is_empty()) {
      log(LogLevel::kWarning, "lease-not-released", "the store did not answer in time; the lease runs out by itself");
      return end_in_order();
    }
    return end(1, "stopped before the store answered", unavailable("the server stopped before the store answered"));
  }
  if (expire_at_ && now.steady >= *expire_at_) expire(now);
  if (const auto at = call_.interrupt_at(); at && now.steady >= *at) {
    log(call_.on_interrupt(now.steady));
    actions_.emplace_back(InterruptStore{});
  }
  if (lead_.is_take_over_due(now.steady) && !is_calling()) start_take_over(now);
  if (lead_.is_watch_due(now.steady) && !is_calling()) start_watch(now);
  if (lead_.is_renewal_due(now.steady) && !is_calling()) renew(now);
  const bool has_more = settling_.end_pauses(now.steady) || expiring_holds_.end_pauses(now.steady) || due_holds(now);
  if (has_more) start_next(now);
  end_if_drained(now);
}

void CommitPipeline::on_stop(const Now& now) {
  if (has_ended_ || stop_at_) return;
  stop_at_ = now.steady + options_.stop_timeout;
  end_if_drained(now);
}

bool CommitPipeline::is_ready(const Now& now) const {
  return !has_ended_ && lead_.leads() && lead_.has_lease(now.steady) && !stop_at_ && accepts_batches(now);
}

bool CommitPipeline::accepts_batches(const Now& now) const {
  return !call_.is_slow(now.steady) && !isolation_.refuses_all_at(now.steady);
}

bool CommitPipeline::store_answers(const Now& now) const { return !call_.has_failed() && accepts_batches(now); }

bool CommitPipeline::may_lead(const Now& now) const {
  return !has_ended_ && lead_.phase() != Lead::Phase::kStandby && lead_.has_lease(now.steady);
}

std::optional<SteadyTime> CommitPipeline::wake_at() const {
  if (has_ended_) return std::nullopt;
  std::optional<SteadyTime> earliest;
  const auto consider = [&](std::optional<SteadyTime> time) {
    if (time && (!earliest || *time < *earliest)) earliest = time;
  };
  consider(expire_at_);
  consider(stop_at_);
  consider(lead_.retry_at());
  consider(lead_.watch_at());
  consider(settling_.next_end());
  consider(expiring_holds_.next_end());
  if (is_calling()) {
    consider(call_.interrupt_at());
  } else if (lead_.leads()) {
    consider(lead_.renew_at());
    consider(next_expiry());
  }
  return earliest;
}

std::vector<Action> CommitPipeline::take_actions() { return std::exchange(actions_, {}); }

void CommitPipeline::call_store(StoreCall call, const Now& now) {
  call_.start(call.index(), now.steady);
  actions_.emplace_back(std::move(call));
}

void CommitPipeline::on_store(StoreResult result, const Now& now) {
  call_.end(result.index());
  if (has_ended_) return;
  std::visit(
      [&](const auto& ended) {
        if (const auto* failure = ended.failure()) {
          const bool is_refusal = lead_.leads() && failure->kind == StorageError::Kind::kRejected;
          // isolation_ tells if the store refuses everything.
          if (is_refusal) {
            call_.on_refusal();
          } else {
            call_.on_failure(now.steady);
          }
        } else {
          log(call_.on_answer(now.steady));
        }
        on(ended, now);
      },
      result);
}

void CommitPipeline::log(LogLevel level, std::string event, std::string message) {
  actions_.emplace_back(LogEvent{level, std::move(event), std::move(message), {}});
}

void CommitPipeline::log(std::optional<LogEvent> event) {
  if (event) actions_.emplace_back(*std::move(event));
}

}  // namespace dti
