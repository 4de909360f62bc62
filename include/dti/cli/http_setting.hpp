#pragma once

#include <optional>

#include "dti/cli/settings.hpp"

namespace dti {

/// The setting --http of a daemon.
[[nodiscard]] Setting http_setting();

/// Where to listen for HTTP; none: it does not.
[[nodiscard]] std::optional<HostPort> http_address(const Settings& settings);

}  // namespace dti
