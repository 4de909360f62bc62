#include "dtictl/commands.hpp"

#include <algorithm>

#include "dti/cli/escape.hpp"

namespace dti {
namespace {

std::string help_of(const CommandSet& program) {
  std::string out =
      "Usage: " + program.name + " COMMAND [--flag=value | --flag value]...\n\n" + program.purpose + "\n\nCommands:\n";
  for (const auto& command : program.commands) {
    if (!command.is_for_shells) out += "  " + command.name + "\n      " + command.purpose + '\n';
  }
  return out + "\n" + program.name + " COMMAND --help describes a command.\n";
}

/// The names of the commands, separated by commas.
std::string names_of(const CommandSet& program) {
  std::string names;
  for (const auto& command : program.commands) {
    if (!command.is_for_shells) names += (names.empty() ? "" : ", ") + command.name;
  }
  return names;
}

/// Tells whether an error text may show the argument. Only a short word is shown, because other text may be (part of) a
/// password.
bool is_word(const std::string& text) {
  constexpr std::size_t kShownMax = 20;
  return text.size() <= kShownMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

}  // namespace

std::variant<const Command*, UsageExit> find_command(const CommandSet& program, std::span<const std::string> args) {
  const auto bad_use = [&](const std::string& text) {
    return UsageExit{
        2, program.name + ": " + text + " (commands: " + names_of(program) + "; see " + program.name + " --help)\n",
        false};
  };
  if (args.empty()) return bad_use("a command is needed");
  const auto& first = args.front();
  if (first == "--help" || first == "-h") return UsageExit{0, help_of(program), true};
  if (first == "--version") return UsageExit{0, version_text(program.name), true};
  if (first.starts_with('-')) return bad_use("the command must come first");
  const auto found = std::find_if(program.commands.begin(), program.commands.end(),
                                  [&](const Command& command) { return command.name == first; });
  if (found == program.commands.end()) {
    return bad_use("unknown command" + (is_word(first) ? ' ' + quoted_text(first) : std::string{}));
  }
  return &*found;
}

}  // namespace dti
