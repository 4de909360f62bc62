#pragma once

#include <chrono>

namespace dti {

/// For deadlines and pauses. Setting the clock of the machine does not change it.
using SteadyTime = std::chrono::steady_clock::time_point;
/// For times that are stored or shown, in UTC.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

/// The time of an event on both clocks. The host of a state machine reads it once for each event.
struct Now {
  SteadyTime steady;
  WallTime wall;
};

}  // namespace dti
