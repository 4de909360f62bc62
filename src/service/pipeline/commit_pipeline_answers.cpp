// The part of the pipeline that replies once to each request, and ends.
#include <algorithm>
#include <utility>

#include "dti/service/pipeline/commit_pipeline.hpp"
#include "service/pipeline/pipeline_errors.hpp"

namespace dti {
namespace {

constexpr std::chrono::milliseconds kExpireStep{10};  // the deadlines are checked at most this often

}  // namespace

void CommitPipeline::answer(WaitingRequest& waiting, Outcome outcome) {
  if (std::exchange(waiting.answered, true)) return;
  const bool is_counted = options_.faculties_to_answer > 0 && !outcome.error && waiting.faculty_id != 0;
  if (is_counted) faculties_answered_.insert(waiting.faculty_id);
  const auto arrived = waiting.deadline - options_.store_timeout;
  actions_.emplace_back(SendReply{waiting.token, std::move(waiting.request), std::move(outcome), arrived});
}

void CommitPipeline::answer(WaitingBarrier& waiting, OpenSemesterOutcome outcome) {
  if (std::exchange(waiting.answered, true)) return;
  actions_.emplace_back(
      SendOpenSemesterReply{waiting.token, std::get<OpenSemester>(waiting.command), std::move(outcome)});
}

void CommitPipeline::answer(WaitingBarrier& waiting, OfficeOutcome outcome) {
  if (std::exchange(waiting.answered, true)) return;
  actions_.emplace_back(SendOfficeReply{waiting.token, std::get<OfficeCommand>(waiting.command), std::move(outcome)});
}

void CommitPipeline::refuse(WaitingRequest& waiting, RequestError error) { answer(waiting, failed(std::move(error))); }

void CommitPipeline::refuse(WaitingBarrier& waiting, RequestError error) {
  if (std::holds_alternative<OpenSemester>(waiting.command)) {
    answer(waiting, OpenSemesterOutcome{std::move(error)});
  } else {
    OfficeOutcome outcome;
    outcome.error = std::move(error);
    answer(waiting, std::move(outcome));
  }
}

void CommitPipeline::answer_all(RequestGroup& group) {
  for (auto& waiting : group.requests) {
    answer(waiting, std::move(waiting.outcome));
    queue_.leave(waiting.bytes);
  }
}

void CommitPipeline::expire(const Now& now) {
  std::optional<SteadyTime> next;
  std::size_t expired = 0;
  const auto is_expired = [&](const auto& waiting) {
    if (waiting.answered) return false;
    if (waiting.deadline > now.steady) {
      next = next ? std::min(*next, waiting.deadline) : waiting.deadline;
      return false;
    }
    ++expired;
    return true;
  };
  queue_.for_each([&](WaitingRequest& waiting) {
    if (!is_expired(waiting)) return;
    auto request_id = waiting.request.request_id;  // the ledger still needs it if the request is decided
    refuse(waiting, unavailable("the store did not answer in time"));
    waiting.request.request_id = std::move(request_id);
  });
  queue_.remove_undecided([](const WaitingRequest& waiting) { return waiting.answered; });
  for (auto& waiting : queue_.barriers) {
    if (is_expired(waiting)) refuse(waiting, unavailable("the store did not answer in time"));
  }
  queue_.remove_barriers([](const WaitingBarrier& waiting) { return waiting.is_over(); });
  expire_at_ = next ? std::optional{std::max(*next, now.steady + kExpireStep)} : std::nullopt;
  if (expired > 0) {
    log(LogLevel::kWarning, "requests-expired",
        std::to_string(expired) + " requests waited longer than the store timeout and got UNAVAILABLE");
  }
}

void CommitPipeline::end(int code, std::string reason, const RequestError& error) {
  queue_.for_each([&](WaitingRequest& waiting) { refuse(waiting, error); });
  for (auto& waiting : queue_.barriers) refuse(waiting, error);
  queue_.clear();
  end_error_ = error;
  has_ended_ = true;
  actions_.emplace_back(Exit{code, std::move(reason)});
}

void CommitPipeline::end_if_drained(const Now& now) {
  if (!stop_at_ || has_ended_ || !queue_.is_empty()) return;
  if (!lead_.leads()) return end_in_order();
  if (!is_calling()) resign(now);  // or the end of the call in progress leads here again
}

void CommitPipeline::end_in_order() {
  has_ended_ = true;
  actions_.emplace_back(Exit{0, {}});
}

}  // namespace dti
