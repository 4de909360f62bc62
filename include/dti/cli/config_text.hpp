#pragma once

#include <optional>
#include <string>

#include "dti/cli/settings.hpp"

namespace dti {

/// The text of a value, as a flag would have it.
[[nodiscard]] std::string value_text(const Value& value);

/// The settings of one run as the text of a config file: a line for each setting, with the origin of its value as a
/// comment. A start with this file has the same values. A setting without a value is a comment. So is a value that no
/// config file can contain, with the reason. A password is left out of its value, and the comment says so.
[[nodiscard]] std::string config_text(const AppDescription& app, const Settings& settings);

/// Ends the program if --check-config or --print-config was given. Call it after all checks of the settings.
[[nodiscard]] std::optional<UsageExit> answer_about_config(const AppDescription& app, const Settings& settings);

}  // namespace dti
