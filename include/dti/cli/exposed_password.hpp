#pragma once

#include <optional>
#include <string>

#include "dti/cli/settings.hpp"

namespace dti {

/// Describes a password that every user of the machine can read: it is in the config file, and the mode of that file lets
/// others read it.
/// @return a sentence with the place of the value and a remedy, without the password; none if there is no such password
[[nodiscard]] std::optional<std::string> exposed_password(const AppDescription& app, const Settings& settings);

}  // namespace dti
