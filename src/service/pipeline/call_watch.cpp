#include "dti/service/pipeline/call_watch.hpp"

#include <string>

#include "dti/base/check.hpp"

namespace dti {
namespace {

constexpr std::chrono::milliseconds kSlow{1'000};  // a store that is silent for longer is not ready

}  // namespace

void CallWatch::start(std::size_t kind, SteadyTime now) {
  DTI_CHECK(!kind_);
  kind_ = kind;
  since_ = progress_at_ = now;
  interrupt_at_ = now + timeout_;
}

void CallWatch::on_progress(SteadyTime now) {
  progress_at_ = now;
  interrupt_at_ = now + timeout_;
  is_silent_ = false;
}

void CallWatch::end(std::size_t kind) {
  DTI_CHECK(kind_ == kind);
  kind_.reset();
}

std::optional<SteadyTime> CallWatch::interrupt_at() const {
  return kind_ ? std::optional{interrupt_at_} : std::nullopt;
}

bool CallWatch::is_slow(SteadyTime now) const { return kind_ && now - progress_at_ > kSlow; }

std::optional<LogEvent> CallWatch::on_interrupt(SteadyTime now) {
  interrupt_at_ = now + timeout_;
  if (!silent_since_) silent_since_ = since_;
  is_silent_ = true;
  const auto count = silent_.pass(now);
  if (!count) return std::nullopt;
  return LogEvent{
      LogLevel::kWarning,
      "store-silent",
      "a call of the store took longer than the store timeout, and the server interrupts it" +
          (*count > 1 ? " (" + std::to_string(*count) + " times since this was last logged)" : std::string{}) +
          "; the server keeps trying",
      {}};
}

void CallWatch::on_failure(SteadyTime now) {
  has_failed_ = true;
  // A connection that cannot be established to a silent host ends with its own limit, which is about the timeout.
  if (now - since_ < timeout_ / 2) is_silent_ = false;
}

std::optional<LogEvent> CallWatch::on_answer(SteadyTime now) {
  has_failed_ = false;
  is_silent_ = false;
  if (!silent_since_) return std::nullopt;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - *silent_since_).count();
  const auto untold = silent_.end();
  silent_since_.reset();
  return LogEvent{LogLevel::kInfo,
                  "store-answers-again",
                  "the store answered a call, " + std::to_string(seconds) +
                      " s after the first call that it did not answer in time" +
                      (untold > 0 ? "; " + std::to_string(untold) + " more interrupts were not logged" : std::string{}),
                  {}};
}

}  // namespace dti
