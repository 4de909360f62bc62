#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "dti/base/time.hpp"
#include "dti/systemd/service_manager.hpp"

namespace dti {

/// Decides which messages systemd gets, and when.
/// Pure: no clock, no socket. Thread: one.
class NotificationPlan {
 public:
  /// The state is asked for, and STATUS changes, at most this often.
  static constexpr std::chrono::seconds kInterval{1};
  /// A start that takes longer asks for more time, again after each interval, as long as its loop turns. systemd waits
  /// for kExtension after the last of these messages, so a start that hangs is still ended.
  static constexpr std::chrono::seconds kExtendInterval{10};
  static constexpr std::chrono::seconds kExtension{30};

  /// @param watchdog  systemd restarts the process if it hears no WATCHDOG=1 for this long; none: no watchdog
  NotificationPlan(std::optional<std::chrono::microseconds> watchdog, SteadyTime now);

  /// @return the message, if one is to be sent; also the next functions
  [[nodiscard]] std::optional<std::string> on_ready();
  /// @param now  the clock of systemd, CLOCK_MONOTONIC
  [[nodiscard]] std::optional<std::string> on_reloading(std::chrono::microseconds now);
  [[nodiscard]] std::optional<std::string> on_reloaded();
  [[nodiscard]] std::optional<std::string> on_stopping();

  /// The messages that are due. Call it at wake_at() at the latest.
  [[nodiscard]] std::vector<std::string> take_due(const ServiceState& state, SteadyTime now);
  [[nodiscard]] SteadyTime wake_at() const { return wake_at_; }

 private:
  [[nodiscard]] bool turns(const ServiceState& state, std::chrono::microseconds within, SteadyTime now) const;

  const std::optional<std::chrono::microseconds> watchdog_;
  bool is_ready_ = false;
  bool is_stopping_ = false;
  std::string status_;
  SteadyTime status_at_;    // STATUS may be sent from then on
  SteadyTime extend_at_;    // while it is not ready
  SteadyTime watchdog_at_;  // the next WATCHDOG=1
  SteadyTime wake_at_;
};

}  // namespace dti
