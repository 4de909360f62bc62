#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>

namespace dti::bench {

/// Nanoseconds of the steady clock.
inline std::int64_t now_ns() {
  using std::chrono::nanoseconds;
  return std::chrono::duration_cast<nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline std::int64_t to_ns(double seconds) { return static_cast<std::int64_t>(seconds * 1e9); }
inline double to_seconds(std::int64_t ns) { return static_cast<double>(ns) / 1e9; }

/// As results show it.
inline double rounded_to_tenths(double value) { return std::round(value * 10) / 10; }

/// What this process and its threads have computed so far, in seconds.
inline double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// `2.5`, `10`.
inline std::string shown_seconds(double seconds) {
  std::ostringstream out;
  out << seconds;
  return out.str();
}

}  // namespace dti::bench
