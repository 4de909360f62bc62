#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

namespace dti::bench {

/// What --help says beside the flags.
struct HelpTexts {
  std::string name;
  std::string purpose;                                        // a paragraph
  std::vector<std::pair<std::string, std::string>> examples;  // what it does, command line
  std::vector<std::pair<int, std::string>> exit_codes;
};

/// A command line whose --help looks like that of the project's programs. No environment variables and no config file:
/// those of a server mean other things.
[[nodiscard]] std::unique_ptr<CLI::App> make_command_line(const HelpTexts& texts);

/// Reads the command line, then calls `check`, which returns why the values do not go together, if so.
/// @return how to end at once: 0 after --help, 2 after bad use, of which a line was printed to stderr; none: go on
[[nodiscard]] std::optional<int> read_command_line(CLI::App& app, int argc, char** argv,
                                                   const std::function<std::string()>& check = {});

/// Adds a flag under a heading of --help.
/// @param flag  `--flag=N`: N is what --help shows for the value
/// @param value  its default, until the command line is read
template <typename Value>
CLI::Option* add_flag(CLI::App& app, const char* group, const std::string& flag, Value& value, const char* help) {
  const auto equals = flag.find('=');
  return app.add_option(flag.substr(0, equals), value, help)->type_name(flag.substr(equals + 1))->group(group);
}

/// Checks of a value; --help does not show them.
template <typename Value>
[[nodiscard]] CLI::Validator between(Value least, Value most) {
  CLI::Range check{least, most};
  check.description("");
  return check;
}
[[nodiscard]] CLI::Validator at_least_one();
[[nodiscard]] CLI::Validator one_of(const std::vector<std::string>& texts);

}  // namespace dti::bench
