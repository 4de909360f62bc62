#pragma once

#include <functional>
#include <utility>

namespace dti {

/// Turns the signals that ask for a stop into something a poll set can wait for: SIGTERM and SIGINT. A daemon also stops
/// on SIGQUIT, and takes SIGHUP, SIGUSR1 and SIGUSR2, which by default would kill it, without stopping.
/// To be made, or block() to be called, before any thread or ZeroMQ context exists, so that all of them inherit the
/// blocked signals.
/// The signals stay blocked afterwards: one more SIGTERM during a clean stop does not spoil its exit code.
/// Thread: one.
class StopSignals {
 public:
  enum class For { kCommand, kDaemon };

  /// Holds these signals back for the StopSignals that is made later, which gets those that have arrived by then. To be
  /// called first in main(): before that, a signal kills the process without a line in the log. The system also keeps a
  /// blocked signal that the parent ignores, as nohup does with SIGHUP. A daemon also goes on when it writes to the
  /// terminal of another job (SIGTTOU).
  static void block(For process = For::kCommand);

  /// Was a stop asked for by a signal that is blocked, and that no StopSignals has taken yet?
  [[nodiscard]] static bool is_pending();

  /// @throws std::system_error  if the system refuses
  explicit StopSignals(For process = For::kCommand);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Called by stop_asked() for each signal that does not stop the process, with its name, such as `SIGHUP`.
  void on_ignored(std::function<void(const char* name)> handler) { on_ignored_ = std::move(handler); }

  /// Readable once a signal has arrived, until stop_asked() has taken it.
  [[nodiscard]] int descriptor() const { return descriptor_; }

  /// Was a stop asked for, now or before? Takes what has arrived; never waits.
  [[nodiscard]] bool stop_asked();

 private:
  int descriptor_;
  bool stop_asked_ = false;
  std::function<void(const char* name)> on_ignored_;
};

}  // namespace dti
