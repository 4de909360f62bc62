// The part of the pipeline that answers, each request once, and ends.
#include <algorithm>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/service/allocation/commit_pipeline.hpp"
#include "service/allocation/pipeline_errors.hpp"

namespace dti {
namespace {

constexpr std::chrono::milliseconds kExpireStep{10};  // deadlines are looked through at most this often

}  // namespace

void CommitPipeline::answer(Waiting& waiting, Outcome outcome) {
  if (std::exchange(waiting.answered, true)) return;
  if (!outcome.error && waiting.faculty_id != 0) faculties_answered_.insert(waiting.faculty_id);
  actions_.emplace_back(SendReply{waiting.token, std::move(waiting.request), std::move(outcome)});
}

void CommitPipeline::release(Group& group) {
  for (auto& waiting : group.requests) {
    answer(waiting, std::move(waiting.outcome));
    drop(waiting);
  }
}

void CommitPipeline::drop(const Waiting& waiting) {
  DTI_CHECK(request_count_ > 0 && byte_count_ >= waiting.bytes);
  --request_count_;
  byte_count_ -= waiting.bytes;
}

void CommitPipeline::expire(const Now& now) {
  std::optional<SteadyTime> next;
  std::size_t expired = 0;
  const auto look_at = [&](Waiting& waiting) {
    if (waiting.answered) return;
    if (waiting.deadline <= now.steady) {
      ++expired;
      auto request_id = waiting.request.request_id;  // the ledger still wants it if the request is decided
      answer(waiting, failed(unavailable("the store did not answer in time")));
      waiting.request.request_id = std::move(request_id);
    } else if (!next || waiting.deadline < *next) {
      next = waiting.deadline;
    }
  };
  const auto look_at_group = [&](Group& group) {
    std::for_each(group.requests.begin(), group.requests.end(), look_at);
  };
  std::for_each(in_flight_.begin(), in_flight_.end(), look_at_group);
  std::for_each(gathering_.begin(), gathering_.end(), look_at_group);
  std::for_each(undecided_.begin(), undecided_.end(), look_at);
  std::erase_if(undecided_, [&](const Waiting& waiting) {
    if (waiting.answered) drop(waiting);
    return waiting.answered;
  });
  expire_at_ = next ? std::optional{std::max(*next, now.steady + kExpireStep)} : std::nullopt;
  if (expired > 0) {
    log(LogLevel::kWarning, "requests-expired",
        std::to_string(expired) + " requests waited longer than --store-timeout and were told UNAVAILABLE");
  }
}

void CommitPipeline::end(int code, std::string reason, const RequestError& error) {
  const auto tell = [&](Waiting& waiting) { answer(waiting, failed(error)); };
  const auto tell_group = [&](Group& group) { std::for_each(group.requests.begin(), group.requests.end(), tell); };
  std::for_each(in_flight_.begin(), in_flight_.end(), tell_group);
  std::for_each(gathering_.begin(), gathering_.end(), tell_group);
  std::for_each(undecided_.begin(), undecided_.end(), tell);
  in_flight_.clear();
  gathering_.clear();
  undecided_.clear();
  end_error_ = error;
  phase_ = Phase::kEnded;
  actions_.emplace_back(Exit{code, std::move(reason)});
}

bool CommitPipeline::anybody_waits() const { return !in_flight_.empty() || !gathering_.empty() || !undecided_.empty(); }

void CommitPipeline::end_if_drained(const Now& now) {
  if (!stop_at_ || anybody_waits() || phase_ == Phase::kEnded) return;
  if (phase_ != Phase::kLeading) return end_in_order();
  if (!call_) resign(now);  // or the end of the call in progress leads here again
}

void CommitPipeline::end_in_order() {
  phase_ = Phase::kEnded;
  actions_.emplace_back(Exit{0, {}});
}

}  // namespace dti
