#pragma once

#include <vector>

#include "dti/cli/settings.hpp"

namespace dti {

/// The settings of dti_server, which a config file that dtictl accepts may contain.
[[nodiscard]] std::vector<Setting> describe_server_settings();

/// The settings of dti_server that the commands for a store do not use.
[[nodiscard]] std::vector<Setting> settings_of_server_alone();

}  // namespace dti
