#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "dti/base/log.hpp"
#include "dti/base/log_limit.hpp"
#include "dti/base/time.hpp"

namespace dti {

/// The call of the store that is in progress: its kind, its start, and whether the store is silent.
/// Thread: one.
class CallWatch {
 public:
  /// @param timeout  after this time without progress, a call must be interrupted
  explicit CallWatch(std::chrono::milliseconds timeout) : timeout_(timeout) {}

  /// A call starts. @param kind  its index in StoreCall
  void start(std::size_t kind, SteadyTime now);
  /// The call has read something.
  void on_progress(SteadyTime now);
  /// The call has ended. @param kind  as it was started
  void end(std::size_t kind);

  [[nodiscard]] bool is_calling() const { return kind_.has_value(); }
  /// The start of the call in progress, or of the last one.
  [[nodiscard]] SteadyTime since() const { return since_; }
  /// The time at which the call in progress must be interrupted; none: there is no call.
  [[nodiscard]] std::optional<SteadyTime> interrupt_at() const;
  /// Tells whether no call has had an answer for longer than the timeout. A failure that came sooner, such as a refused
  /// connection, is an answer.
  [[nodiscard]] bool is_silent() const { return is_silent_; }
  /// Tells whether the call in progress has read nothing for too long for a server that is ready.
  [[nodiscard]] bool is_slow(SteadyTime now) const;

  /// The call in progress is interrupted; the next interrupt is due after the timeout again.
  /// @return the event to log now; none if it was logged recently
  [[nodiscard]] std::optional<LogEvent> on_interrupt(SteadyTime now);
  /// The store has answered a call. @return the event to log, if it was silent before
  [[nodiscard]] std::optional<LogEvent> on_answer(SteadyTime now);
  /// The call that has ended failed.
  void on_failure(SteadyTime now);
  /// The store refused what the call that has ended asked for. That is an answer.
  void on_refusal() { is_silent_ = false; }
  /// Tells whether a call has failed, and the store has answered none since then.
  [[nodiscard]] bool has_failed() const { return has_failed_; }

 private:
  const std::chrono::milliseconds timeout_;
  std::optional<std::size_t> kind_;  // of the call in progress
  SteadyTime since_{};
  SteadyTime progress_at_{};  // when the call read something last; before that, its start
  SteadyTime interrupt_at_{};
  bool has_failed_ = false;
  std::optional<SteadyTime> silent_since_;  // when the first call of a silent store started
  bool is_silent_ = false;
  LogLimit silent_{std::chrono::minutes{1}};
};

}  // namespace dti
