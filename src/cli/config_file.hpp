#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <variant>

#include "cli/command_line.hpp"
#include "dti/cli/settings.hpp"

namespace dti {

/// A value of a config file, in the form that a flag would have.
struct ConfigValue {
  std::string text;
  std::size_t line = 0;
};

/// Reads a config file in TOML. Each key is the name of a setting. Texts, paths and addresses are TOML strings, numbers
/// are numbers, and switches are booleans.
/// @param path  for messages, which give the file and the line but no value
/// @param text  the content of the file
[[nodiscard]] std::variant<std::map<std::string, ConfigValue>, ReadFault> read_config(std::span<const Setting> settings,
                                                                                      const std::string& path,
                                                                                      std::string_view text);

}  // namespace dti
