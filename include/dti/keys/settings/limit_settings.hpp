#pragma once

#include <vector>

#include "dti/cli/settings.hpp"
#include "dti/quota/peer_limits.hpp"

namespace dti {

/// The settings `connections-max`, `connections-per-address` and `messages-per-second`, which SIGHUP changes.
[[nodiscard]] std::vector<Setting> limit_settings();

/// Their values.
[[nodiscard]] PeerLimits read_limits(const Settings& settings);

}  // namespace dti
