#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "dti/base/time.hpp"
#include "dti/http/http_message.hpp"
#include "dti/monitor/common/health_check.hpp"

namespace dti {

// What each path says about a daemon. Pure.

[[nodiscard]] HttpResponse livez(SteadyTime published_at, SteadyTime now);
/// @param verbose  one line for each check
[[nodiscard]] HttpResponse readyz(const std::vector<HealthCheck>& checks, bool verbose);
/// @param json  what the daemon says besides the checks
[[nodiscard]] HttpResponse status(nlohmann::ordered_json json, const std::vector<HealthCheck>& checks);

}  // namespace dti
