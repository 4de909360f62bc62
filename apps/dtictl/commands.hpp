#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "dti/cli/settings.hpp"

namespace dti {

/// One command of a program that has several: `dtictl verify --key=value …`.
struct Command {
  std::string name;
  std::string purpose;  // a line of the program's --help; the command has a --help of its own
  /// @param args  the command line after the command's name  @return the exit code
  int (*run)(std::span<const std::string> args) = nullptr;
  bool is_for_shells = false;  // people do not call it, so neither --help nor an error lists it
};

/// A program that has commands.
struct CommandSet {
  std::string name;
  std::string purpose;  // a paragraph
  std::vector<Command> commands;
};

/// Finds the command, which must be the first argument.
/// @param args  the command line without the program's name
/// @return the command; or how to end: --help and --version with 0, incorrect usage with 2 and one line
[[nodiscard]] std::variant<const Command*, UsageExit> find_command(const CommandSet& program,
                                                                   std::span<const std::string> args);

}  // namespace dti
