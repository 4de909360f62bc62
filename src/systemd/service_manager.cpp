#include "dti/systemd/service_manager.hpp"

#include <systemd/sd-daemon.h>

#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "systemd/notification_plan.hpp"

namespace dti {
namespace {

constexpr std::chrono::milliseconds kFinishTime{200};

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

std::optional<std::chrono::microseconds> watchdog_time() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
  return std::chrono::microseconds{microseconds};
}

}  // namespace

bool ServiceManager::is_present() {
  const char* const socket = std::getenv("NOTIFY_SOCKET");
  return socket != nullptr && *socket != '\0';
}

struct ServiceManager::Shared {
  explicit Shared(std::function<ServiceState()> state_)
      : state(std::move(state_)), plan(watchdog_time(), steady_now()) {}

  void post(std::optional<std::string> message) {
    if (!message) return;
    messages.push_back(*std::move(message));
    changed.notify_all();
  }

  // The thread that sends. It lives until the process ends if systemd does not read.
  void run() {
    std::unique_lock lock{mutex};
    while (!is_ending || !messages.empty()) {
      if (!messages.empty()) {
        const auto message = std::move(messages.front());
        messages.pop_front();
        lock.unlock();
        sd_notify(0, message.c_str());  // a failure means that systemd is gone: there is nothing to do
        lock.lock();
      } else if (const auto now = steady_now(); now >= plan.wake_at()) {
        for (auto& message : plan.take_due(state(), now)) messages.push_back(std::move(message));
      } else {
        changed.wait_until(lock, plan.wake_at());
      }
    }
    has_ended = true;
    changed.notify_all();
  }

  std::mutex mutex;
  // Guarded by the mutex.
  std::condition_variable changed;
  std::function<ServiceState()> state;
  NotificationPlan plan;
  std::deque<std::string> messages;
  bool is_ending = false;
  bool has_ended = false;
};

ServiceManager::ServiceManager(std::function<ServiceState()> state)
    : shared_(is_present() ? std::make_shared<Shared>(std::move(state)) : nullptr) {
  if (shared_) std::thread{[shared = shared_] { shared->run(); }}.detach();
}

ServiceManager::~ServiceManager() {
  if (!shared_) return;
  std::unique_lock lock{shared_->mutex};
  shared_->is_ending = true;
  shared_->changed.notify_all();
  shared_->changed.wait_for(lock, kFinishTime, [&] { return shared_->has_ended; });
}

void ServiceManager::on_ready() {
  if (!shared_) return;
  const std::lock_guard lock{shared_->mutex};
  shared_->post(shared_->plan.on_ready());
}

void ServiceManager::on_reloading() {
  if (!shared_) return;
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(steady_now().time_since_epoch());
  const std::lock_guard lock{shared_->mutex};
  shared_->post(shared_->plan.on_reloading(now));  // steady_clock is CLOCK_MONOTONIC
}

void ServiceManager::on_reloaded() {
  if (!shared_) return;
  const std::lock_guard lock{shared_->mutex};
  shared_->post(shared_->plan.on_reloaded());
}

void ServiceManager::on_stopping() {
  if (!shared_) return;
  const std::lock_guard lock{shared_->mutex};
  shared_->post(shared_->plan.on_stopping());
}

}  // namespace dti
