#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace dti {

/// Writes lines to a descriptor in their order, on a thread of its own: a reader that is slow, or never reads, holds
/// nobody up. Up to kQueueBytesMax wait; a line that does not fit takes the place of the oldest ones. A write that fails
/// (a full disk, a terminal or a reader that has gone) is tried again from the byte where it ended, so that no line is
/// left in pieces.
/// The descriptor stays as it was: O_NONBLOCK would also change it for the other processes that have it.
class LineWriter {
 public:
  static constexpr std::size_t kQueueBytesMax = 1024 * 1024;  // some 5,000 lines
  static constexpr std::chrono::milliseconds kRetryInterval{500};

  struct Options {
    int descriptor = -1;
    /// The line that takes the place of so many lines that did not fit; empty: none. Thread: the writer's.
    std::function<std::string(std::uint64_t dropped)> gap_line;
    /// A write failed for another reason than a full pipe; called once until a write succeeds. Thread: the writer's.
    std::function<void(const std::string& reason)> on_failure;
  };

  /// @throws std::system_error  if the system has no thread left
  explicit LineWriter(Options options);
  /// Does not wait: lines that are not written yet may be lost.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  /// @param line  with its line feed. Never waits for the reader. Thread: any
  void write(std::string line);
  /// No line follows. Waits until all are written or cannot be, and no longer than that: a writer that still waits for
  /// its reader then goes on by itself until the process has ended.
  void finish(std::chrono::milliseconds bound);

 private:
  struct State;
  static void run(State& state);
  static bool write_all(State& state, std::string_view text);

  const std::shared_ptr<State> state_;  // the writer's thread owns it too
};

}  // namespace dti
