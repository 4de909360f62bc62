#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <variant>

#include "cli/command_line.hpp"
#include "dti/cli/settings.hpp"

namespace dti {

/// A value of a config file, as it would be written for a flag.
struct ConfigValue {
  std::string text;
  std::size_t line = 0;
};

/// Reads a config file: TOML, one key a setting, by the setting's name. Texts, paths and addresses are TOML strings,
/// numbers are numbers, switches are booleans.
/// @param path  for messages, which name the file and the line and show no value
/// @param text  what the file holds
[[nodiscard]] std::variant<std::map<std::string, ConfigValue>, ReadFault> read_config(std::span<const Setting> settings,
                                                                                      const std::string& path,
                                                                                      std::string_view text);

}  // namespace dti
