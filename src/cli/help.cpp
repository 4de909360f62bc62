#include "cli/help.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace dti {
namespace {

constexpr std::size_t kColumns = 80;

// How many characters a terminal shows. Bytes that continue a code point do not count.
std::size_t width(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

// Breaks the text into lines of at most kColumns.
// @param indent  spaces before the first line;  @param indent_rest  before the others
// @param line_end  the end of each line except the last one
std::string wrapped(std::string_view text, std::size_t indent, std::size_t indent_rest, std::string_view line_end) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const auto space = text.find(' ');
    const auto word = text.substr(0, space);
    const auto end_width = space == std::string_view::npos ? 0 : line_end.size();
    if (column == 0 || column + 1 + width(word) + end_width > kColumns) {
      if (column > 0) out.append(line_end) += '\n';
      column = column == 0 ? indent : indent_rest;
      out.append(column, ' ');
    } else {
      out += ' ';
      ++column;
    }
    out += word;
    column += width(word);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  }
  return out += '\n';
}

std::string wrapped(std::string_view text, std::size_t indent) { return wrapped(text, indent, indent, ""); }

// A command that a shell accepts, in one or more lines.
std::string wrapped_command(std::string_view command) { return wrapped(command, 2, 6, " \\"); }

std::string without_value(const Setting& setting) {
  if (setting.needed) return "needed";
  if (setting.default_value && std::holds_alternative<SwitchKind>(setting.kind)) {
    return *setting.default_value == "true" ? "default: on" : "default: off";
  }
  return "default: " + setting.default_value.value_or(setting.default_shown);
}

std::string setting_help(const Setting& setting) {
  const auto value = placeholder(setting.kind);
  constexpr std::array<std::string_view, 5> kFlagsOnly = {"check-config", "print-config", "check-health", "help",
                                                          "version"};
  const bool is_flag_only = std::find(kFlagsOnly.begin(), kFlagsOnly.end(), setting.name) != kFlagsOnly.end();
  return "  --" + setting.name + (value.empty() ? "" : "=" + value) + '\n' + wrapped(setting.help, 6) +
         (is_flag_only ? ""
                       : wrapped("(" + without_value(setting) + "; environment: " + variable_name(setting.name) +
                                     (setting.reloads ? "; SIGHUP reloads it)" : ")"),
                                 6));
}

}  // namespace

AppDescription with_common_settings(const AppDescription& app) {
  auto all = app;
  all.settings.push_back({.name = "log-level",
                          .group = "Log and help",
                          .kind = ChoiceKind{{"debug", "info", "warning", "error"}},
                          .help = "The minimum level of the events to log. Logs go to stderr.",
                          .default_value = "info",
                          .reloads = app.is_service});
  all.settings.push_back({.name = "log-format",
                          .group = "Log and help",
                          .kind = ChoiceKind{{"text", "json"}},
                          .help = "Each event is one line: text, or a JSON object.",
                          .default_value = "text"});
  return all;
}

std::vector<Setting> with_command_line_settings(const AppDescription& app) {
  auto all = app.settings;
  all.push_back({.name = "config",
                 .group = "Log and help",
                 .kind = PathKind{},
                 .help = "TOML file with settings, such as: log-level = \"debug\""});
  if (app.is_service) {
    all.push_back({.name = "check-config",
                   .group = "Log and help",
                   .kind = SwitchKind{},
                   .help = "Checks the settings, the config file and the files that it names, and exits with code 0 or "
                           "2. It does not listen, connect, or open the store."});
    all.push_back({.name = "print-config",
                   .group = "Log and help",
                   .kind = SwitchKind{},
                   .help = "Prints each setting with its value and its origin, as a config file with the defaults "
                           "commented out, and exits. It does not show passwords."});
    all.push_back({.name = "check-health",
                   .group = "Log and help",
                   .kind = SwitchKind{},
                   .help = "Asks the running process whether it is alive (/livez, at the address of --http), waits at "
                           "most 2 s, and exits with code 0 or 1. The settings must be those of that process; only "
                           "--http is used."});
  }
  all.push_back({.name = "help", .group = "Log and help", .kind = SwitchKind{}, .help = "Prints this help (also -h)."});
  all.push_back({.name = "version", .group = "Log and help", .kind = SwitchKind{}, .help = "Prints the version."});
  return all;
}

std::string help_text(const AppDescription& app) {
  std::string out = "Usage: " + app.name + " [--flag=value | --flag value]..." +
                    (app.operand.empty() ? "" : ' ' + app.operand) + "\n\n" + wrapped(app.purpose, 0);
  std::string group;
  for (const auto& setting : with_command_line_settings(with_common_settings(app))) {
    if (setting.group != group) out += '\n' + setting.group + ":\n";
    group = setting.group;
    out += setting_help(setting);
  }
  out += "\nSources of settings:\n" +
         wrapped(
             "A flag has priority over its environment variable, the variable over the config file, and the file over "
             "the default. The environment variable of --some-flag is DTI_SOME_FLAG (an empty variable counts as not "
             "set); its key in the config file is some-flag. Values in seconds may have up to three decimals.",
             2);
  out += "\nExamples:\n";
  for (const auto& [what, command] : app.examples) out += wrapped("# " + what, 2) + wrapped_command(command);
  out += "\nExit codes:\n";
  for (const auto& [code, meaning] : app.exit_codes) {
    out += wrapped(std::to_string(code) + "  " + meaning, 2, 5, "");
  }
  return out;
}

}  // namespace dti
