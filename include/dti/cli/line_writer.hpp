#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "dti/base/log_drops.hpp"

namespace dti {

/// Writes lines to a descriptor, in order, on its own thread, so that a slow reader delays no caller. Up to
/// kQueueBytesMax wait; a line that does not fit replaces the oldest lines. If a write fails (full disk, closed
/// terminal, reader gone), the thread tries again from the byte where it stopped, so that each line is written whole.
/// It does not set O_NONBLOCK, because that would also change the descriptor for the other processes that share it.
class LineWriter {
 public:
  static constexpr std::size_t kQueueBytesMax = 1024 * 1024;  // some 5,000 lines
  static constexpr std::chrono::milliseconds kRetryInterval{500};

  struct Options {
    int descriptor = -1;
    /// Returns the line to write in place of `dropped` lines; if the function is empty, no line is written. Thread: the
    /// writer's.
    std::function<std::string(std::uint64_t dropped)> gap_line;
    /// Called when a write fails for another reason than a full pipe; then not again until a write has succeeded.
    /// Thread: the writer's.
    std::function<void(const std::string& reason)> on_failure;
  };

  /// @throws std::system_error  if the system has no thread left
  explicit LineWriter(Options options);
  /// Does not wait. Lines that are not written yet may be lost.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  /// Queues a line. Never waits for the reader. Thread: any.
  /// @param line  with its line feed
  void write(std::string line);
  /// How many lines were dropped since the start. Thread: any.
  [[nodiscard]] LogDrops dropped() const;
  /// Ends the queue. Waits until all lines are written or a write has failed, at most for `bound`. After that time, the
  /// thread continues alone until the process exits.
  void finish(std::chrono::milliseconds bound);

 private:
  struct State;
  static void run(State& state);
  static bool write_all(State& state, std::string_view text);

  const std::shared_ptr<State> state_;  // the writer's thread owns it too
};

}  // namespace dti
