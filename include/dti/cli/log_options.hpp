#pragma once

#include "dti/cli/logging.hpp"
#include "dti/cli/settings.hpp"

namespace dti {

/// How to log, from --log-level and --log-format.
[[nodiscard]] LogOptions log_options(const Settings& settings);

}  // namespace dti
