#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dti/cli/settings.hpp"
#include "dti/quota/peer_limits.hpp"

namespace dti {

/// The settings `connections-max`, `connections-per-address` and `messages-per-second`, which SIGHUP changes.
[[nodiscard]] std::vector<Setting> limit_settings();

/// Their values.
[[nodiscard]] PeerLimits read_limits(const Settings& settings);

/// The setting `memory-max`, which SIGHUP changes.
/// @param process  what the help calls the process, such as "the server"
[[nodiscard]] Setting memory_setting(const std::string& process);

/// Its value in bytes; 0: no limit.
[[nodiscard]] std::size_t read_memory_max(const Settings& settings);

}  // namespace dti
