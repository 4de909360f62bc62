#pragma once

#include "dti/cli/logging.hpp"
#include "dti/cli/settings.hpp"

namespace dti {

/// The log options that --log-level and --log-format give.
[[nodiscard]] LogOptions log_options(const Settings& settings);

}  // namespace dti
