#pragma once

#include <map>
#include <span>
#include <string>
#include <variant>

#include "dti/cli/settings.hpp"

namespace dti {

/// Why a command line or a config file cannot be read: a line for people, without the program's name.
struct ReadFault {
  std::string text;
};

/// Reads `--key=value`, `--key value` and `--switch`, each at most once, and nothing else. `-h` is --help.
/// @return the text of each flag given (a switch alone is `true`), by the setting's name
[[nodiscard]] std::variant<std::map<std::string, std::string>, ReadFault> read_command_line(
    std::span<const Setting> settings, std::span<const std::string> args);

/// The setting whose name is most like `name`: `; did you mean …?`, or nothing if none is near.
[[nodiscard]] std::string suggest(std::span<const Setting> settings, std::string_view name, std::string_view prefix);

}  // namespace dti
