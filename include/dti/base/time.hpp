#pragma once

#include <chrono>

namespace dti {

/// For deadlines and pauses. Nobody sets this clock.
using SteadyTime = std::chrono::steady_clock::time_point;
/// For what is stored and shown.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

/// The time of an event, read once by its host.
struct Now {
  SteadyTime steady;
  WallTime wall;
};

}  // namespace dti
