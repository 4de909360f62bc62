#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "dti/base/time.hpp"

namespace dti {

/// When a server is to close its endpoint, with all connections, to be rid of what peers have made ZeroMQ hold.
/// ZeroMQ keeps the parts of a message to itself until the last one is there, without a bound (ADR 0016). Only the size
/// of the process shows it, and only the end of the connection frees it.
/// What is in use while nobody is connected is the floor: the state itself. Closing again does not make that less, so
/// the bound is never below the floor and a quarter of what was asked for, and a large state cannot make it loop.
/// Pure: no clock and no system call. Thread: one.
class MemoryBound {
 public:
  /// Time for peers to come back (they try each 0.1 s) and to be served, however fast others fill the memory; and as much
  /// time for these to fill it beyond the bound.
  static constexpr std::chrono::milliseconds kClosedAgainAfter{500};

  /// @param bytes_max  of the process; 0: no bound
  explicit MemoryBound(std::size_t bytes_max) : bytes_max_(bytes_max), bytes_now_(bytes_max) {}

  /// Is the endpoint to be closed?
  /// @param bytes  what the process has in use
  [[nodiscard]] bool is_exceeded(std::size_t bytes, SteadyTime now) const;
  /// The endpoint was closed, and ZeroMQ has given back what it held.
  /// @param floor  what the process has in use now, while nobody is connected
  void on_closed(std::size_t floor, SteadyTime now);

  /// Is there one at all?
  [[nodiscard]] bool is_set() const { return bytes_max_ > 0; }
  /// The bound that is in force: what was asked for, or more if the floor needs it.
  [[nodiscard]] std::size_t bytes() const { return bytes_now_; }
  /// Is the one that was asked for too low for the state itself?
  [[nodiscard]] bool is_raised() const { return bytes_now_ > bytes_max_; }

 private:
  const std::size_t bytes_max_;
  std::size_t bytes_now_;
  std::optional<SteadyTime> closed_at_;
};

}  // namespace dti
