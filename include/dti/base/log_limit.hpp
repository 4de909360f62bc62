#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

#include "dti/base/time.hpp"

namespace dti {

/// Limits a repeated event to one log line per interval, and counts the events that it suppresses. Otherwise the lines
/// about a full disk could fill the disk. Thread: one.
class LogLimit {
 public:
  explicit LogLimit(std::chrono::milliseconds interval) : interval_(interval) {}

  /// @param count  how many events have happened
  /// @return none: do not log them now; otherwise the number to log, which includes the events that were suppressed
  ///   since the last log line
  [[nodiscard]] std::optional<std::size_t> pass(SteadyTime now, std::size_t count = 1) {
    held_back_ += count;
    if (logged_at_ && now - *logged_at_ < interval_) return std::nullopt;
    logged_at_ = now;
    return std::exchange(held_back_, 0);
  }

  /// The time from which the next event is logged at once; the epoch of the clock if no event was logged yet.
  [[nodiscard]] SteadyTime passes_at() const { return logged_at_ ? *logged_at_ + interval_ : SteadyTime{}; }

  /// Ends the series: the next event is logged at once.
  /// @return how many events were suppressed and never logged
  std::size_t end() {
    logged_at_.reset();
    return std::exchange(held_back_, 0);
  }

 private:
  const std::chrono::milliseconds interval_;
  std::optional<SteadyTime> logged_at_;
  std::size_t held_back_ = 0;
};

}  // namespace dti
