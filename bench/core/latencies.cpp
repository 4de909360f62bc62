#include "core/latencies.hpp"

#include <algorithm>
#include <limits>

namespace dti::bench {
namespace {

constexpr std::int64_t kTickNs = 100;
constexpr double kTicksPerMicrosecond = 1'000.0 / kTickNs;

}  // namespace

void Latencies::add(std::chrono::nanoseconds latency) {
  constexpr std::int64_t kMax = std::numeric_limits<std::uint32_t>::max();
  ticks_.push_back(
      static_cast<std::uint32_t>(std::clamp<std::int64_t>((latency.count() + kTickNs / 2) / kTickNs, 0, kMax)));
}

LatencySummary Latencies::summary() const {
  LatencySummary summary;
  summary.count = ticks_.size();
  if (ticks_.empty()) return summary;
  auto sorted = ticks_;
  std::sort(sorted.begin(), sorted.end());
  // Per mille, in whole numbers: 0.999 * 1000 is not 999 in floating point.
  const auto at = [&](std::size_t per_mille) {
    const auto rank = (sorted.size() * per_mille + 999) / 1'000;
    return sorted[rank - 1] / kTicksPerMicrosecond;
  };
  summary.p50 = at(500);
  summary.p90 = at(900);
  summary.p99 = at(990);
  summary.p999 = at(999);
  summary.max = sorted.back() / kTicksPerMicrosecond;
  double sum = 0;
  for (const auto ticks : sorted) sum += ticks;
  summary.mean = sum / static_cast<double>(sorted.size()) / kTicksPerMicrosecond;
  return summary;
}

}  // namespace dti::bench
