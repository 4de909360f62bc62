#pragma once

namespace dti {

/// Turns SIGTERM and SIGINT into something a poll set can wait for. To be made first thing in main(): before any thread
/// or ZeroMQ context exists, so that all of them inherit the blocked signals.
/// The signals stay blocked afterwards: one more SIGTERM during a clean stop does not spoil its exit code.
/// Thread: one.
class StopSignals {
 public:
  /// @throws std::system_error  if the system refuses
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Readable once a signal has arrived, until stop_asked() has taken it.
  [[nodiscard]] int descriptor() const { return descriptor_; }

  /// Was a stop asked for, now or before? Takes what has arrived; never waits.
  [[nodiscard]] bool stop_asked();

 private:
  int descriptor_;
  bool stop_asked_ = false;
};

}  // namespace dti
