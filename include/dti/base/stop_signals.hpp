#pragma once

#include <functional>
#include <utility>

namespace dti {

/// Makes the signals that request a stop, SIGTERM and SIGINT, readable from a descriptor for a poll set. A daemon also
/// stops on SIGQUIT, reloads on SIGHUP, and ignores SIGUSR1 and SIGUSR2, all of which would kill it by default.
/// Construct it, or call block(), before the process starts a thread or a ZeroMQ context, so that all threads inherit
/// the blocked signals. The signals stay blocked after the destructor: another SIGTERM during a clean stop does not
/// change the exit code.
/// Thread: one.
class StopSignals {
 public:
  enum class For { kCommand, kDaemon };

  /// Blocks these signals. A StopSignals that is constructed later gets the signals that arrived before. Call it first
  /// in main(): without it, a signal kills the process without a line in the log. The system also keeps a blocked
  /// signal that the parent process ignored (nohup ignores SIGHUP). A daemon also ignores SIGTTOU, so that it
  /// continues when it writes to the terminal of another job.
  static void block(For process = For::kCommand);

  /// Tells whether a blocked signal requests a stop and no StopSignals has read it yet.
  [[nodiscard]] static bool is_pending();

  /// @throws std::system_error  if the system cannot provide a descriptor for the signals
  explicit StopSignals(For process = For::kCommand);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Sets the function that stop_asked() calls for each signal that does not stop the process, with the signal's name,
  /// such as `SIGHUP`.
  void on_ignored(std::function<void(const char* name)> handler) { on_ignored_ = std::move(handler); }

  /// Sets the function that stop_asked() calls for the first signal that requests a stop.
  void on_stop(std::function<void()> handler) { on_stop_ = std::move(handler); }
  /// Sets the function that stop_asked() calls for SIGHUP. Without it, SIGHUP is ignored as above.
  void on_reload(std::function<void()> handler) { on_reload_ = std::move(handler); }

  /// Readable when a signal has arrived, until stop_asked() has read it.
  [[nodiscard]] int descriptor() const { return descriptor_; }

  /// Reads the signals that have arrived. Never waits.
  /// @return true if one of them, or an earlier one, requests a stop
  [[nodiscard]] bool stop_asked();

 private:
  int descriptor_;
  bool stop_asked_ = false;
  std::function<void(const char* name)> on_ignored_;
  std::function<void()> on_reload_;
  std::function<void()> on_stop_;
};

}  // namespace dti
