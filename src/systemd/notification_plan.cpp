#include "systemd/notification_plan.hpp"

#include <algorithm>

namespace dti {

using std::chrono::microseconds;

NotificationPlan::NotificationPlan(std::optional<microseconds> watchdog, SteadyTime now)
    : watchdog_(watchdog), status_at_(now), extend_at_(now + kExtendInterval), watchdog_at_(now), wake_at_(now) {}

std::optional<std::string> NotificationPlan::on_ready() {
  if (is_ready_) return std::nullopt;
  is_ready_ = true;
  return "READY=1";
}

std::optional<std::string> NotificationPlan::on_reloading(microseconds now) {
  if (!is_ready_ || is_stopping_) return std::nullopt;
  return "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.count());
}

std::optional<std::string> NotificationPlan::on_reloaded() {
  if (!is_ready_ || is_stopping_) return std::nullopt;
  return "READY=1";
}

std::optional<std::string> NotificationPlan::on_stopping() {
  if (is_stopping_) return std::nullopt;
  is_stopping_ = true;
  return "STOPPING=1";
}

std::vector<std::string> NotificationPlan::take_due(const ServiceState& state, SteadyTime now) {
  std::vector<std::string> messages;
  if (now >= status_at_ && state.status != status_) {
    status_ = state.status;
    status_at_ = now + kInterval;
    messages.push_back("STATUS=" + status_);
  }
  if (!is_ready_ && !is_stopping_ && now >= extend_at_) {
    extend_at_ = now + kExtendInterval;
    if (turns(state, kExtendInterval, now)) {
      messages.push_back("EXTEND_TIMEOUT_USEC=" + std::to_string(microseconds{kExtension}.count()));
    }
  }
  if (watchdog_ && now >= watchdog_at_) {
    watchdog_at_ = now + *watchdog_ / 2;
    if (turns(state, *watchdog_ / 2, now) && !state.is_stuck) messages.emplace_back("WATCHDOG=1");
  }
  wake_at_ = now + kInterval;
  if (watchdog_) wake_at_ = std::min(wake_at_, watchdog_at_);
  return messages;
}

bool NotificationPlan::turns(const ServiceState& state, microseconds within, SteadyTime now) const {
  return now - state.turned_at < std::max<microseconds>(within, kInterval);
}

}  // namespace dti
