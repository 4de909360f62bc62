#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <optional>
#include <vector>

#include "dti/cli/escape.hpp"

namespace dti {
namespace {

const Setting* find(std::span<const Setting> settings, std::string_view name) {
  const auto found = std::find_if(settings.begin(), settings.end(), [name](const auto& it) { return it.name == name; });
  return found == settings.end() ? nullptr : &*found;
}

// The setting whose flag the argument is, with or without a value; null if there is none.
const Setting* find_flag(std::span<const Setting> settings, std::string_view arg) {
  if (arg == "-h") arg = "--help";
  return arg.starts_with("--") ? find(settings, arg.substr(2, arg.find('=') - 2)) : nullptr;
}

struct SplitFlags {
  std::vector<std::string> args;
  std::optional<std::string> without_value;  // the first flag that lacks its value
  bool has_separator = false;                // there is a "--", after which CLI11 would accept no flags
};

// Rewrites `--key=value` as `--key value`, and a switch without a value as `--switch true`, because CLI11 takes the
// next argument for the value of `--key=`, and has other rules for switches. An argument that is itself a flag is never
// used as another flag's value, because it may contain a password after its `=`.
SplitFlags split_flags(std::span<const Setting> settings, std::span<const std::string> args) {
  SplitFlags split;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const auto* setting = find_flag(settings, args[i]);
    if (setting == nullptr) {
      if (args[i] == "--") {
        split.has_separator = true;
      } else {
        split.args.push_back(args[i]);
      }
      continue;
    }
    const auto flag = "--" + setting->name;
    if (const auto equals = args[i].find('='); equals != std::string::npos) {
      split.args.insert(split.args.end(), {flag, args[i].substr(equals + 1)});
    } else if (std::holds_alternative<SwitchKind>(setting->kind)) {
      split.args.insert(split.args.end(), {flag, "true"});
    } else if (i + 1 < args.size() && find_flag(settings, args[i + 1]) == nullptr) {
      split.args.insert(split.args.end(), {flag, args[++i]});
    } else if (!split.without_value) {
      split.without_value = flag;
    }
  }
  return split;
}

std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < right.size(); ++j) {
      const auto replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

// The fault for an argument that CLI11 could not use. The text shows the argument only if it cannot be (part of) a
// password.
ReadFault unexpected(std::span<const Setting> settings, const std::string& arg) {
  if (arg.size() > 1 && arg.front() == '-') {
    const auto flag = arg.substr(0, arg.find('='));
    const auto name = flag.substr(std::min(flag.find_first_not_of('-'), flag.size()));
    return {printable(flag) + ": unknown flag" + suggest(settings, name, "--") + " (see --help)"};
  }
  const auto plain = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const bool harmless = !arg.empty() && arg.size() <= 40 && std::all_of(arg.begin(), arg.end(), plain);
  return {"unexpected argument" + (harmless ? ' ' + quoted_text(arg) : std::string{}) +
          ": it does not belong to a flag (a value with spaces needs quotes)"};
}

std::string joined(const std::vector<std::string>& texts, char separator) {
  std::string all;
  for (std::size_t i = 0; i < texts.size(); ++i) all += (i == 0 ? "" : std::string{separator}) + texts[i];
  return all;
}

}  // namespace

std::variant<std::map<std::string, std::string>, ReadFault> read_command_line(std::span<const Setting> settings,
                                                                              std::span<const std::string> args,
                                                                              std::string* operand) {
  CLI::App parser;
  parser.set_help_flag();
  parser.allow_extras();
  for (const auto& setting : settings) {
    parser.add_option("--" + setting.name)
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  auto split = split_flags(settings, args);
  std::reverse(split.args.begin(), split.args.end());
  try {
    parser.parse(std::move(split.args));
  } catch (const CLI::Error&) {  // unexpected, because each flag has its value
    return ReadFault{"the arguments cannot be read (see --help)"};
  }

  std::map<std::string, std::string> values;
  for (const auto& setting : settings) {
    const auto& results = parser.get_option("--" + setting.name)->results();
    if (!results.empty()) values.emplace(setting.name, setting.repeats ? joined(results, ',') : results.front());
  }
  if (values.contains("help") || values.contains("version")) return values;  // even if other arguments are wrong
  if (split.without_value) return ReadFault{*split.without_value + ": needs a value"};
  if (const auto rest = parser.remaining(); operand != nullptr) {
    // A dash alone is an operand: stdin.
    const auto is_flag = [](const std::string& arg) { return arg.starts_with('-') && arg != "-"; };
    const auto flag = std::find_if(rest.begin(), rest.end(), is_flag);
    if (flag != rest.end()) return unexpected(settings, *flag);
    *operand = joined(rest, ' ');
  } else if (!rest.empty()) {
    return unexpected(settings, rest.front());
  }
  if (split.has_separator) return unexpected(settings, "--");
  for (const auto& setting : settings) {
    const auto count = parser.get_option("--" + setting.name)->results().size();
    if (count > 1 && !setting.repeats) {
      return ReadFault{"--" + setting.name + ": given " + std::to_string(count) + " times; once is allowed"};
    }
  }
  return values;
}

std::string suggest(std::span<const Setting> settings, std::string_view name, std::string_view prefix) {
  const Setting* nearest = nullptr;
  auto distance_max = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const auto& setting : settings) {
    const bool abbreviated = name.size() >= 3 && setting.name.starts_with(name);
    const auto distance = abbreviated ? 1 : edit_distance(name, setting.name);
    if (distance < distance_max) {
      nearest = &setting;
      distance_max = distance;
    }
  }
  return nearest == nullptr ? "" : "; did you mean " + std::string{prefix} + nearest->name + "?";
}

}  // namespace dti
