#include "dti/monitor/common/health_check.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace dti {
namespace {

// The figures are published ten times a second. The longest turn of a healthy loop replays 50,000 entries.
constexpr std::chrono::seconds kSilentMax{5};

}  // namespace

bool all_pass(const std::vector<HealthCheck>& checks) {
  return std::all_of(checks.begin(), checks.end(), [](const HealthCheck& check) { return check.passes; });
}

bool is_alive(SteadyTime published_at, SteadyTime now) { return now - published_at <= kSilentMax; }

HealthCheck loop_check(SteadyTime published_at, SteadyTime now) {
  return {"loop", is_alive(published_at, now),
          "the loop turned " + seconds_text(seconds_between(published_at, now)) + " ago"};
}

double seconds_between(SteadyTime then, SteadyTime now) {
  return std::max(0.0, std::chrono::duration<double>{now - then}.count());
}

std::string seconds_text(double seconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f s", seconds);
  return text.data();
}

}  // namespace dti
