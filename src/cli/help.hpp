#pragma once

#include <span>
#include <vector>

#include "dti/cli/settings.hpp"

namespace dti {

/// The program with the settings that every program has and that may stand in a config file.
[[nodiscard]] AppDescription with_common_settings(const AppDescription& app);

/// The settings with those that only a command line takes (--config, --help, --version).
[[nodiscard]] std::vector<Setting> with_command_line_settings(std::span<const Setting> settings);

}  // namespace dti
