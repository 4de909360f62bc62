#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>

#include "dti/cli/settings.hpp"

namespace dti {

/// The setting --http of a daemon.
[[nodiscard]] Setting http_setting();

/// Where to listen for HTTP; none: it does not.
[[nodiscard]] std::optional<HostPort> http_address(const Settings& settings);

/// What --check-health asks for. The other settings may be missing, so that a container's health check needs no copy of the
/// flags with which the process was started.
/// @param args  the command line without the program's name
/// @return none: the flag is not there; the address to ask; or how to end: help and version with 0, incorrect usage with 2
[[nodiscard]] std::optional<std::variant<HostPort, UsageExit>> health_to_check(AppDescription app,
                                                                               std::span<const std::string> args,
                                                                               const Surroundings& surroundings);

}  // namespace dti
