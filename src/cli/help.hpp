#pragma once

#include <vector>

#include "dti/cli/settings.hpp"

namespace dti {

/// The description of the program with the settings that every program has and that a config file may contain.
[[nodiscard]] AppDescription with_common_settings(const AppDescription& app);

/// The settings of the description, and those that only the command line accepts (--config, --help, --version; for a
/// service also --check-config, --print-config, --check-health).
[[nodiscard]] std::vector<Setting> with_command_line_settings(const AppDescription& app);

}  // namespace dti
