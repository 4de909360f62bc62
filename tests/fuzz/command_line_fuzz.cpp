// Any command line and environment of the three programs is taken apart as a plain reading by docs/protocol.md does it:
// options, or one line for people and exit code 2. A --store with a password in it is refused as a flag, and its
// password (here: hunter2) is never shown. An input is a list: the program, then on each line an argument or a variable
// (NAME=VALUE in capitals).
#include "cli/command_line.hpp"

#include <algorithm>
#include <string>

#include "cli/help.hpp"
#include "dti/domain/catalog.hpp"
#include "dti/domain/name.hpp"
#include "dti/protocol/result_file.hpp"
#include "dti_server/options.hpp"
#include "faculty/options.hpp"
#include "fuzz/claim.hpp"
#include "program/options.hpp"

namespace dti {
namespace {

struct Start {
  std::vector<std::string> args;
  std::map<std::string, std::string> variables;
};

bool is_capital(char c) { return (c >= 'A' && c <= 'Z') || c == '_'; }

Start read_start(std::string_view text) {
  Start start;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto equals = line.find('=');
    const auto name = line.substr(0, equals);
    if (line.find('\0') != line.npos) continue;  // no argument can hold one
    if (equals != line.npos && !name.empty() && std::all_of(name.begin(), name.end(), is_capital)) {
      start.variables.emplace(name, line.substr(equals + 1));
    } else {
      start.args.emplace_back(line);
    }
  }
  return start;
}

Surroundings surroundings_of(const Start& start) {
  return {[&](const std::string& name) -> std::optional<std::string> {
            const auto found = start.variables.find(name);
            return found == start.variables.end() ? std::nullopt : std::optional{found->second};
          },
          [](const std::string& path) -> std::string {
            if (path == "catalog.csv") return std::string{default_catalog()};
            if (path == "dti.toml") return "port = 7000\nstore-timeout = 2.5\n";
            throw std::runtime_error{"No such file or directory"};
          },
          [](const std::string&, FileGuard) -> std::string { throw std::runtime_error{"No such file or directory"}; }};
}

/// The flags of a command line; none if it is not well-formed. After --help or --version nothing else counts.
std::optional<std::map<std::string, std::string>> expected_flags(const std::vector<Setting>& settings,
                                                                 std::vector<std::string> args) {
  const auto setting_of = [&](const std::string& arg) {
    const auto text = arg == "-h" ? "--help" : arg.substr(0, arg.find('='));
    return std::find_if(settings.begin(), settings.end(),
                        [&](const Setting& each) { return "--" + each.name == text; });
  };
  std::map<std::string, std::string> flags;
  bool sound = true;
  while (!args.empty()) {
    const std::string arg = args.front();
    args.erase(args.begin());
    const auto setting = setting_of(arg);
    std::string value = "true";
    if (setting == settings.end()) {
      sound = false;
      continue;
    }
    if (arg.find('=') != arg.npos) {
      value = arg.substr(arg.find('=') + 1);
    } else if (!std::holds_alternative<SwitchKind>(setting->kind)) {
      if (args.empty() || setting_of(args.front()) != settings.end()) {  // its value is missing
        sound = false;
        continue;
      }
      value = args.front();
      args.erase(args.begin());
    }
    const auto [flag, is_first] = flags.emplace(setting->name, value);
    if (is_first) continue;
    if (setting->repeats) {
      flag->second += ',' + value;
    } else {
      sound = false;
    }
  }
  if (flags.contains("help") || flags.contains("version")) sound = true;
  return sound ? std::optional{flags} : std::nullopt;
}

bool asks_for_help(const std::map<std::string, std::string>& flags) {
  return flags.contains("help") || flags.contains("version");
}

void check_flags(const AppDescription& app, const Start& start) {
  const auto settings = with_command_line_settings(with_common_settings(app));
  const auto read = read_command_line(settings, start.args);
  const auto expected = expected_flags(settings, start.args);
  const auto* flags = std::get_if<0>(&read);
  claim((flags != nullptr) == expected.has_value(), "a command line is taken if each part of it is a flag, given once",
        flags != nullptr ? "" : std::string_view{std::get<ReadFault>(read).text});
  if (flags == nullptr) return;
  claim(asks_for_help(*flags) == asks_for_help(*expected), "help is given to who asks for it");
  claim(asks_for_help(*flags) || *flags == *expected, "flags have the values that they were given");
}

/// Does the word stand in what is given as the store only?
bool is_in_the_store_only(const Start& start) {
  const auto has_it = [](const std::string& text) { return text.find("hunter2") != text.npos; };
  for (const auto& arg : start.args) {
    if (has_it(arg) && !arg.starts_with("--store=")) return false;
  }
  for (const auto& [name, value] : start.variables) {
    if (has_it(value) && name != "DTI_STORE") return false;
  }
  return true;
}

template <class Options>
const UsageExit* check_outcome(const std::string& app, const Start& start,
                               const std::variant<Options, UsageExit>& outcome) {
  const auto* usage = std::get_if<UsageExit>(&outcome);
  if (usage == nullptr) return nullptr;
  claim(is_utf8(usage->text) && usage->text.ends_with('\n'), "what is printed is UTF-8", usage->text);
  claim(usage->to_stdout == (usage->code == 0), "help goes to stdout, faults do not");
  if (usage->code == 0) return usage;
  claim(usage->code == 2 && usage->text.starts_with(app + ": "), "bad use is 2, and says of which program",
        usage->text);
  const auto steers = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == '\x7f'; };
  claim(std::count(usage->text.begin(), usage->text.end(), '\n') == 1 &&
            std::none_of(usage->text.begin(), usage->text.end(), steers),
        "bad use is one safe line", usage->text);
  claim(!is_in_the_store_only(start) || usage->text.find("hunter2") == std::string::npos, "a password is not shown",
        usage->text);
  return usage;
}

void check_server(const Start& start) {
  const auto outcome = parse_dti_server_options(start.args, surroundings_of(start));
  if (check_outcome("dti_server", start, outcome) != nullptr) return;
  const auto& options = std::get<DtiServerOptions>(outcome);
  claim(options.pipeline.store_timeout.count() > 0 && options.pipeline.lease.duration.count() > 0,
        "times are more than nothing");
  claim(!options.start.semester || !options.start.semester->name.empty(), "a semester has a name");
  for (const auto& arg : start.args) {
    const bool is_store = arg.starts_with("--store=postgresql:");
    claim(!is_store || !carries_password(arg.substr(8)), "no password is taken from the command line", arg);
  }
}

void check_faculty(const Start& start) {
  const auto outcome = parse_faculty_options(start.args, surroundings_of(start));
  if (check_outcome("faculty", start, outcome) != nullptr) return;
  const auto& options = std::get<FacultyAppOptions>(outcome);
  claim(!options.faculty.name.empty() && options.faculty.name.size() <= 200, "a faculty has a name that can be sent");
  claim(!options.servers.empty() && options.servers.size() == options.faculty.client.endpoints.size(),
        "it has servers to ask");
  claim(options.faculty.programs_min >= 1 && options.faculty.programs_min <= 1'000, "a batch fits into a request");
}

void check_program(const Start& start) {
  const auto outcome = parse_program_options(start.args, surroundings_of(start));
  if (check_outcome("program", start, outcome) != nullptr) return;
  const auto& options = std::get<ProgramOptions>(outcome);
  const auto file_name = result_file_name(options.request.program_name, options.request.semester);
  claim(file_name.find('/') == std::string::npos && file_name.size() <= 255, "a program's file is in its folder",
        file_name);
  claim(options.request.program_name.size() <= 200 && options.request.semester.size() <= 64, "it can be asked for");
}

void check(std::string_view text) {
  static const AppDescription kServer = describe_dti_server();
  static const AppDescription kFaculty = describe_faculty();
  static const AppDescription kProgram = describe_program();
  const auto name = text.substr(0, text.find('\n'));
  const Start start = read_start(text.substr(std::min(name.size() + 1, text.size())));
  if (name == kFaculty.name) {
    check_flags(kFaculty, start);
    check_faculty(start);
  } else if (name == kProgram.name) {
    check_flags(kProgram, start);
    check_program(start);
  } else {
    check_flags(kServer, start);
    check_server(start);
  }
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)
