#pragma once

#include <vector>

#include "dti/cli/settings.hpp"

namespace dti {

/// The settings of dti_server that no command of dtictl uses. A server's config file may contain them.
[[nodiscard]] std::vector<Setting> settings_of_server_alone();

}  // namespace dti
