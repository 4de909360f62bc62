#pragma once

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

namespace dti::bench {

/// Adds a flag under a heading of --help.
/// @param flag  `--flag=N`: N is the name of the value in --help
/// @param value  the default; parsing writes the value of the command line to it
template <typename Value>
CLI::Option* add_flag(CLI::App& app, const char* group, const std::string& flag, Value& value, const char* help) {
  const auto equals = flag.find('=');
  return app.add_option(flag.substr(0, equals), value, help)
      ->type_name(flag.substr(equals + 1))
      ->group(group)
      ->capture_default_str();
}

/// Reads the command line. It reads no environment variable and no config file, which are for a server.
/// @return the exit code if the program must end: 0 after --help, 2 after incorrect usage, with an error on stderr
[[nodiscard]] std::optional<int> read_command_line(CLI::App& app, int argc, char** argv);

}  // namespace dti::bench
