#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "dti/base/time.hpp"
#include "simulation/cells.hpp"
#include "simulation/random.hpp"

namespace dti::simulation {

/// Virtual time, since the start of the run.
using Time = std::chrono::microseconds;

/// What a clock of the wall shows that is right.
[[nodiscard]] inline WallTime wall_time(Time now) { return WallTime{now + std::chrono::years{50}}; }

/// What must not be, and was seen.
struct Violation {
  std::string check;  // the name of the check that saw it
  std::string text;
  Time at{};
};

/// What everything in a run shares: the clock, the events to come, chance, the trace, and what was found.
/// Time passes only from event to event; events of one moment come in the order in which they were asked for.
class World {
 public:
  World(std::uint64_t seed, bool prints_trace) : random(seed), prints_trace_(prints_trace) {}

  [[nodiscard]] Time now() const { return now_; }
  /// Does it after so much time (0: after what was asked for before).
  void after(Time delay, std::function<void()> what);
  /// Does the next event. @return false if there is none
  bool step();

  /// One line of the run's trace; the hash of all of them is the same for the same seed.
  void trace(std::string_view who, std::string_view what);
  [[nodiscard]] std::uint64_t trace_hash() const { return trace_hash_; }
  [[nodiscard]] std::uint64_t event_count() const { return event_count_; }

  /// The first violation ends the run after the current event.
  void violate(std::string check, std::string text);
  [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }

  /// Uniformly at random between the two.
  [[nodiscard]] Time time_between(Time least, Time most) { return Time{random.between(least.count(), most.count())}; }

  Random random;
  Cells cells;

 private:
  const bool prints_trace_;
  Time now_{};
  std::uint64_t event_count_ = 0;
  std::map<std::pair<Time, std::uint64_t>, std::function<void()>> events_;
  std::uint64_t last_event_ = 0;
  std::uint64_t trace_hash_ = 0xcbf29ce484222325U;
  std::optional<Violation> violation_;
};

}  // namespace dti::simulation
