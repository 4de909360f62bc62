#pragma once

#include <optional>
#include <string>

#include "dti/cli/settings.hpp"

namespace dti {

/// The text of a value, as a flag would have it.
[[nodiscard]] std::string value_text(const Value& value);

/// The settings of one run as the text of a config file: a line for each setting, with the origin of its value as a
/// comment: the flag, the variable, `config file` or `default`. A default is commented out, and so are a setting without
/// a value and a value that no config file can contain. Passwords are left out.
/// A run with this file and the same variables has the same settings, without the passwords and the flags that no file
/// can contain. Its text differs only in the lines of the settings that were flags.
[[nodiscard]] std::string config_text(const AppDescription& app, const Settings& settings);

/// Ends the program if --check-config or --print-config was given. Call it after all checks of the settings.
[[nodiscard]] std::optional<UsageExit> answer_about_config(const AppDescription& app, const Settings& settings);

}  // namespace dti
