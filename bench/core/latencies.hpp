#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace dti::bench {

/// The exact latencies, in microseconds. The percentile p is the smallest latency that p per cent of all do not exceed
/// (nearest rank). All values are 0 if there are no latencies.
struct LatencySummary {
  std::size_t count = 0;
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
  double p999 = 0;
  double max = 0;
  double mean = 0;
};

/// Every latency of a run, in steps of 100 ns, up to 429 s; longer ones count as that.
class Latencies {
 public:
  /// @param expected  how many latencies need no further memory allocation
  explicit Latencies(std::size_t expected) { ticks_.reserve(expected); }

  void add(std::chrono::nanoseconds latency);
  [[nodiscard]] LatencySummary summary() const;

 private:
  std::vector<std::uint32_t> ticks_;
};

}  // namespace dti::bench
