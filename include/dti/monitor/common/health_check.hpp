#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dti/base/time.hpp"

namespace dti {

/// One condition for a daemon to be ready.
struct HealthCheck {
  std::string_view name;
  bool passes = false;
  std::string text;  // a sentence about the present state
};

[[nodiscard]] bool all_pass(const std::vector<HealthCheck>& checks);

/// Does a daemon's loop turn?
/// @param published_at  when it published its figures last
[[nodiscard]] bool is_alive(SteadyTime published_at, SteadyTime now);
/// The same, as the check `loop`.
[[nodiscard]] HealthCheck loop_check(SteadyTime published_at, SteadyTime now);

/// From then to now; 0 if `then` is later.
[[nodiscard]] double seconds_between(SteadyTime then, SteadyTime now);
/// Such as `0.1 s`.
[[nodiscard]] std::string seconds_text(double seconds);

}  // namespace dti
