#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "dti/base/time.hpp"

namespace dti {

/// Decides when a process must close its port with all connections, to free the memory that peers have filled.
/// ZeroMQ keeps the frames of a message until the last one has arrived, without a limit (ADR 0016). Only the memory of
/// the process shows this, and only the end of the connection frees it.
/// The memory in use without any connection is the floor: the state of the process. Closing the port again cannot reduce
/// it. Therefore the limit in force is at least the floor plus a quarter of the configured limit, and a large state
/// cannot cause a loop.
/// Pure: no clock and no system call. Thread: one.
class MemoryBound {
 public:
  /// The minimum time between two closings. In this time peers connect again (they try each 0.1 s) and get replies,
  /// even if other peers fill the memory. Those peers may exceed the limit during this time.
  static constexpr std::chrono::milliseconds kClosedAgainAfter{500};

  /// @param bytes_max  the configured limit for the process; 0: no limit
  explicit MemoryBound(std::size_t bytes_max) : bytes_max_(bytes_max), bytes_now_(bytes_max) {}

  /// Tells whether the port must be closed.
  /// @param bytes  the memory that the process uses
  [[nodiscard]] bool is_exceeded(std::size_t bytes, SteadyTime now) const;
  /// The port was closed, and ZeroMQ has freed its memory.
  /// @param floor  the memory that the process uses now, without any connection
  void on_closed(std::size_t floor, SteadyTime now);

  /// Changes the configured limit. The next closing raises it again if the floor requires it. The same limit as before
  /// changes nothing.
  void change(std::size_t bytes_max);

  /// Tells whether there is a limit.
  [[nodiscard]] bool is_set() const { return bytes_max_ > 0; }
  /// The limit in force: the configured limit, or more if the floor requires it.
  [[nodiscard]] std::size_t bytes() const { return bytes_now_; }
  /// Tells whether the configured limit is too low for the state itself.
  [[nodiscard]] bool is_raised() const { return bytes_now_ > bytes_max_; }

 private:
  std::size_t bytes_max_;
  std::size_t bytes_now_;
  std::optional<SteadyTime> closed_at_;
};

}  // namespace dti
