#pragma once

#include <map>
#include <span>
#include <string>
#include <variant>

#include "dti/cli/settings.hpp"

namespace dti {

/// Why a command line or a config file cannot be read: one line for people, without the name of the program.
struct ReadFault {
  std::string text;
};

/// Reads `--key=value`, `--key value` and `--switch`, each at most once, and rejects other arguments. `-h` is --help.
/// A flag of a setting that repeats may be given several times; its text then has the values with commas between them.
/// @param operand  gets the arguments that are no flags, with a space between them; null: such an argument is a fault
/// @return the text of each given flag by the name of its setting; the text of a switch without a value is `true`
[[nodiscard]] std::variant<std::map<std::string, std::string>, ReadFault> read_command_line(
    std::span<const Setting> settings, std::span<const std::string> args, std::string* operand = nullptr);

/// Suggests the setting whose name is most similar to `name`: `; did you mean …?`. Empty if no name is similar.
[[nodiscard]] std::string suggest(std::span<const Setting> settings, std::string_view name, std::string_view prefix);

}  // namespace dti
