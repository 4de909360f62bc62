// Any bytes given as dti_server's config file are read or refused with one line that names file and line. What was read
// belongs to settings that there are, is read back as it is written plainly, and is checked by the program as if it
// were given by flags. What --print-config prints of a valid file is a file that prints itself. A password of a store
// in the file is never shown, even if the file has other faults.
#include "cli/config_file.hpp"

#include <algorithm>
#include <cstdio>
#include <string>

#include "cli/help.hpp"
#include "dti/domain/name.hpp"
#include "dti_server/options.hpp"
#include "fuzz/claim.hpp"

namespace dti {
namespace {

constexpr std::string_view kStoreLine = "store = \"postgresql://dti:hunter2@db/dti\"\n";

const AppDescription& description() {
  static const AppDescription kDescription = with_common_settings(describe_dti_server());
  return kDescription;
}

const Setting* find_setting(const std::string& name) {
  for (const Setting& setting : description().settings) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

void check_line(const std::string& text) {
  claim(is_utf8(text) && text.find('\n') == text.npos && text.find('\x1b') == text.npos, "a fault is one safe line",
        text);
}

std::string as_toml(const Setting& setting, const std::string& value) {
  const bool is_bare =
      std::holds_alternative<IntegerKind>(setting.kind) || std::holds_alternative<SwitchKind>(setting.kind);
  if (is_bare) return setting.name + " = " + value + '\n';
  std::string line = setting.name + " = \"";
  for (const char c : value) {
    char escape[8];
    const auto byte = static_cast<unsigned char>(c);
    std::snprintf(escape, sizeof escape, "\\u%04x", byte);
    const bool special = byte < 0x20 || byte == 0x7f || c == '"' || c == '\\';
    line += special ? std::string{escape} : std::string{c};
  }
  return line + "\"\n";
}

void check_values(const std::map<std::string, ConfigValue>& values, std::string_view text) {
  const auto lines = 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  std::string plain;
  for (const auto& [name, value] : values) {
    const Setting* setting = find_setting(name);
    claim(setting != nullptr, "only settings that there are", name);
    claim(value.line >= 1 && value.line <= lines, "a value has its line", name);
    claim(is_utf8(value.text), "a value is UTF-8", name);
    // Seconds are rewritten from a number; the rest as it is.
    if (!std::holds_alternative<SecondsKind>(setting->kind)) plain += as_toml(*setting, value.text);
  }
  const auto again = read_config(description().settings, "plain.toml", plain);
  claim(std::holds_alternative<ReadFault>(again) == false, "what was read can be written", plain);
  for (const auto& [name, value] : std::get<0>(again)) {
    claim(value.text == values.at(name).text, "a value is read back as it is written", name);
  }
}

/// The program with that file, and at most one flag.
std::variant<DtiServerOptions, UsageExit> start_with(const std::string& text, const std::string& flag = {}) {
  const Surroundings surroundings{[](const std::string& name) -> std::optional<std::string> {
                                    if (name == "HOME") return "/home/dti";
                                    return std::nullopt;
                                  },
                                  [&](const std::string& path) -> std::string {
                                    if (path == "dti.toml") return text;
                                    throw std::runtime_error{"No such file or directory"};
                                  }};
  std::vector<std::string> args = {"--config=dti.toml"};
  if (!flag.empty()) args.push_back(flag);
  return parse_dti_server_options(args, surroundings);
}

void check_printed(const std::string& text) {
  const auto printed = std::get<UsageExit>(start_with(text, "--print-config"));
  claim(printed.code == 0, "the settings of a start can be printed", printed.text);
  const auto again = std::get<UsageExit>(start_with(printed.text, "--print-config"));
  claim(again.code == 0 && again.text == printed.text, "what was printed prints itself", again.text);
}

void check_program(const std::string& text, bool is_refused) {
  const auto started = start_with(text);
  const auto* usage = std::get_if<UsageExit>(&started);
  claim(!is_refused || usage != nullptr, "a file that cannot be read stops the program");
  if (usage == nullptr) return check_printed(text);
  claim(usage->code == 2 && usage->text.starts_with("dti_server: ") && usage->text.ends_with('\n'),
        "a fault is bad use", usage->text);
  check_line(usage->text.substr(0, usage->text.size() - 1));
}

void check_secret(std::string_view text) {
  if (text.find("hunter2") != text.npos) return;  // it may be a key, which is shown
  const bool is_first = text.size() % 2 == 0;
  const std::string whole =
      is_first ? std::string{kStoreLine}.append(text) : std::string{text} + '\n' + std::string{kStoreLine};
  const auto started = start_with(whole);
  const auto* usage = std::get_if<UsageExit>(&started);
  claim(usage == nullptr || usage->text.find("hunter2") == std::string::npos, "a password is not shown",
        usage == nullptr ? "" : std::string_view{usage->text});
  const auto printed = std::get<UsageExit>(start_with(whole, "--print-config"));
  claim(printed.text.find("hunter2") == std::string::npos, "a password is not printed", printed.text);
}

void check(std::string_view text) {
  const auto read = read_config(description().settings, "dti.toml", text);
  if (const auto* fault = std::get_if<ReadFault>(&read)) {
    claim(fault->text.starts_with("dti.toml:"), "a fault names the file", fault->text);
    check_line(fault->text);
  } else {
    check_values(std::get<0>(read), text);
  }
  check_program(std::string{text}, std::holds_alternative<ReadFault>(read));
  check_secret(text);
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)
