#include "dti/cli/config_text.hpp"

#include <array>
#include <cstdio>
#include <variant>

#include "cli/help.hpp"
#include "dti/cli/escape.hpp"
#include "dti/cli/exposed_password.hpp"
#include "dti/domain/name.hpp"

namespace dti {
namespace {

std::string toml_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7f) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", byte);
      quoted += escape.data();
    } else {
      quoted += c;
    }
  }
  return quoted += '"';
}

bool has_quotes(const Value& value) {
  return std::holds_alternative<std::string>(value) || std::holds_alternative<std::vector<HostPort>>(value) ||
         std::holds_alternative<std::vector<ListenEndpoint>>(value);
}

std::string seconds_text(std::chrono::milliseconds time) {
  auto decimals = std::to_string(time.count() % 1000);
  decimals.insert(0, 3 - decimals.size(), '0');
  decimals.erase(decimals.find_last_not_of('0') + 1);
  return std::to_string(time.count() / 1000) + (decimals.empty() ? "" : "." + decimals);
}

std::string line_without_value(const Setting& setting) {
  return "# " + setting.name + ": not set (" + setting.default_shown + ")\n";
}

// A value from the config file has no line number here, so that the printed file prints itself.
std::string origin_text(const Origin& origin) { return origin.source == Source::kFile ? "config file" : origin.text; }

std::string line_with_value(const Setting& setting, const Value& value, const Origin& origin) {
  const auto whole = value_text(value);
  const auto text = setting.without_password ? setting.without_password(whole) : whole;
  const auto comment = "  # " + origin_text(origin);
  if (!is_utf8(text) || !std::holds_alternative<Value>(parse_value(setting.kind, text))) {
    return "# " + setting.name + ": " + quoted_text(text) + comment + "; a config file cannot contain it\n";
  }
  return (origin.source == Source::kDefault ? "#" : "") + setting.name + " = " +
         (has_quotes(value) ? toml_string(text) : text) + comment + '\n';
}

}  // namespace

std::string value_text(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* time = std::get_if<std::chrono::milliseconds>(&value)) return seconds_text(*time);
  if (const auto* is_on = std::get_if<bool>(&value)) return *is_on ? "true" : "false";
  std::string text;
  const auto add = [&text](const auto& addresses) {
    for (const auto& address : addresses) text += (text.empty() ? "" : ",") + to_string(address);
  };
  if (const auto* endpoints = std::get_if<std::vector<ListenEndpoint>>(&value)) {
    add(*endpoints);
  } else {
    add(std::get<std::vector<HostPort>>(value));
  }
  return text;
}

std::string config_text(const AppDescription& app, const Settings& settings) {
  std::string text = "# The settings of " + app.name +
                     ", as a config file. The comment after a value gives its origin.\n"
                     "# The defaults are commented out, and passwords are left out.\n";
  std::string group;
  for (const auto& setting : with_common_settings(app).settings) {
    if (setting.group != group) text += "\n# " + setting.group + '\n';
    group = setting.group;
    const auto* const value = settings.find(setting.name);
    text += value == nullptr ? line_without_value(setting)
                             : line_with_value(setting, *value, settings.origin(setting.name));
  }
  return text;
}

std::optional<UsageExit> answer_about_config(const AppDescription& app, const Settings& settings) {
  switch (settings.task()) {
    case Task::kRun:
    case Task::kCheckHealth: return std::nullopt;  // main() asks health_to_check() first
    case Task::kCheckConfig: {
      const auto warning = exposed_password(app, settings);
      return UsageExit{0, app.name + ": the configuration is valid\n" + (warning ? "warning: " + *warning + '\n' : ""),
                       true};
    }
    case Task::kPrintConfig: return UsageExit{0, config_text(app, settings), true};
  }
  return std::nullopt;
}

}  // namespace dti
