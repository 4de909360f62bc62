#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "dti/base/time.hpp"

namespace dti {

/// A daemon at one moment, as far as systemd hears of it.
struct ServiceState {
  SteadyTime turned_at{};   // when its loop turned last
  bool is_stuck = false;    // it needs a restart, although its loop turns
  std::string status = {};  // a sentence; empty: nothing to say
};

/// Tells systemd about this process (sd_notify(3), Type=notify): that it is ready, what it does, that it is alive, that it
/// reloads or stops. Without NOTIFY_SOCKET it does nothing, and has no thread.
/// A thread of its own sends the messages, because a send waits while systemd does not read. No caller waits for systemd.
/// The process must not change its environment while this exists, and must start no other process, which would inherit
/// NOTIFY_SOCKET. Thread: any.
class ServiceManager {
 public:
  /// @param state  called on the other thread, about once a second; not after the destructor
  /// @throws std::system_error  if the system has no thread left
  explicit ServiceManager(std::function<ServiceState()> state);
  /// Waits a short time for the last messages.
  ~ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  /// Whether there is a service manager to tell. Then the loop must turn, and state() be up to date, once a second.
  [[nodiscard]] static bool is_present();

  /// The process is ready. Only the first call counts.
  void on_ready();
  /// A reload begins, or has ended. Before the process is ready, nothing is sent.
  void on_reloading();
  void on_reloaded();
  /// A stop was requested. Only the first call counts.
  void on_stopping();

 private:
  struct Shared;
  const std::shared_ptr<Shared> shared_;  // with the thread that sends; null: there is no NOTIFY_SOCKET
};

}  // namespace dti
