#include "dti/cli/settings.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

#include "cli/command_line.hpp"
#include "cli/config_file.hpp"
#include "cli/help.hpp"
#include "cli/platform_variables.hpp"
#include "dti/base/check.hpp"
#include "dti/base/descriptor.hpp"
#include "dti/base/stop_signals.hpp"
#include "dti/cli/escape.hpp"
#include "dti/cli/files.hpp"

namespace dti {
namespace {

constexpr std::size_t kFileBytesMax = 16 * 1024 * 1024;  // a catalogue of 200,000 programs, with room to spare

constexpr std::chrono::milliseconds kPollInterval{100};
constexpr std::chrono::milliseconds kStopGrace{1'000};  // for the writer of a pipe, after a stop was requested

// The flags that ask for something else than a run. If both are given, the last one here counts: it checks too.
constexpr std::array<std::pair<const char*, Task>, 3> kTasks = {
    {{"check-health", Task::kCheckHealth}, {"check-config", Task::kCheckConfig}, {"print-config", Task::kPrintConfig}}};

[[noreturn]] void fail_to_read() { throw std::runtime_error{std::generic_category().message(errno)}; }

/// Waits until the file can be read. A pipe may never have a writer, and the signals that request a stop are blocked.
/// @throws std::runtime_error  if a stop was requested and the pipe has no data
void wait_until_readable(int file) {
  std::chrono::milliseconds silent{0};
  pollfd poll_item{file, POLLIN, 0};
  while (poll(&poll_item, 1, static_cast<int>(kPollInterval.count())) == 0) {
    silent += kPollInterval;
    if (StopSignals::is_pending() && silent >= kStopGrace) {
      throw std::runtime_error{"a signal requested a stop, and the pipe has no data"};
    }
  }
}

std::string read_file(const std::string& path) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (file.get() < 0) fail_to_read();
  std::string text;
  std::vector<char> piece(64 * 1024);
  while (true) {
    wait_until_readable(file.get());
    const auto size = read(file.get(), piece.data(), piece.size());
    if (size == 0) return text;
    if (size < 0 && errno != EAGAIN && errno != EINTR) fail_to_read();
    if (size > 0) text.append(piece.data(), static_cast<std::size_t>(size));
    if (text.size() > kFileBytesMax) throw std::runtime_error{"it has more than 16 MiB"};
  }
}

UsageExit bad_use(const std::string& prefix, const std::string& text) { return {2, prefix + text + '\n', false}; }

// The text that was given for a setting, before it is parsed.
struct Given {
  std::string text;
  Origin origin;
};

std::optional<std::string> set_variable(const Surroundings& surroundings, std::string_view setting) {
  auto value = surroundings.variable(variable_name(setting));
  if (value && value->empty()) value.reset();
  return value;
}

LogEvent ignored_variable(const Setting& setting, const std::string& value) {
  const auto variable = variable_name(setting.name);
  return {LogLevel::kInfo,
          "variable-ignored",
          "Kubernetes or Docker sets " + variable +
              " for a service or a link of that name, so this program ignores "
              "it; use --" +
              setting.name + ", or \"" + setting.name + "\" in the config file",
          {{"variable", variable}, {"value", value}}};
}

// The origin of a value as messages show it: `--port`, `DTI_PORT`, `/etc/dti.toml:3: port`, `--port (default)`.
std::string shown(std::string_view name, const Origin& origin) {
  switch (origin.source) {
    case Source::kFlag:
    case Source::kVariable: return origin.text;
    case Source::kFile: return origin.text + ": " + std::string{name};
    case Source::kDefault: return "--" + std::string{name} + " (default)";
  }
  return origin.text;
}

std::string shown_value(std::string_view text) {
  constexpr std::size_t kShownMax = 100;
  if (text.size() <= kShownMax) return quoted_text(text) + ' ';
  return quoted_text(std::string{text.substr(0, kShownMax)} + "…") + ' ';
}

// The values of the config file that --config names, or else DTI_CONFIG.
std::variant<std::map<std::string, ConfigValue>, ReadFault> read_config_file(
    const AppDescription& app, const std::map<std::string, std::string>& flags, const Surroundings& surroundings,
    std::string& path) {
  const auto flag = flags.find("config");
  const auto variable = set_variable(surroundings, "config");
  if (flag == flags.end() && !variable) return std::map<std::string, ConfigValue>{};
  path = flag != flags.end() ? flag->second : *variable;
  const std::string origin = flag != flags.end() ? "--config" : variable_name("config");
  if (path.empty()) return ReadFault{origin + ": \"\" is not a path"};
  auto settings = app.settings;
  settings.insert(settings.end(), app.others_in_file.begin(), app.others_in_file.end());
  try {
    return read_config(settings, path, surroundings.read_file(path));
  } catch (const std::runtime_error& error) {
    return ReadFault{origin + ": cannot read " + quoted_text(path) + ": " + printable(error.what())};
  }
}

std::string needed_text(const std::vector<const Setting*>& missing, const std::vector<LogEvent>& ignored) {
  std::string flags;
  for (const auto* setting : missing) flags += (flags.empty() ? "--" : ", --") + setting->name;
  const auto variable = variable_name(missing.front()->name);
  std::string why;
  for (const auto& event : ignored) why += "; " + event.message;
  return flags + (missing.size() == 1 ? " is needed" : " are needed") + " (or " + variable + ", or \"" +
         missing.front()->name + "\" in the config file" + (missing.size() == 1 ? ")" : ", and so on)") + why;
}

}  // namespace

Surroundings process_surroundings() {
  return {[](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            return value == nullptr ? std::nullopt : std::optional<std::string>{value};
          },
          read_file, read_guarded_file,
          [](const std::string& path) {
            struct stat ignored {};
            return lstat(path.c_str(), &ignored) != 0 && errno == ENOENT;
          },
          [](const std::string& path, std::string_view text) { write_new_secret(path, text); }};
}

int leave(const UsageExit& usage) {
  std::FILE* const out = usage.to_stdout ? stdout : stderr;
  const bool printed = std::fputs(usage.text.c_str(), out) >= 0 && std::fflush(out) == 0;
  return printed || usage.code != 0 ? usage.code : 1;  // help that could not be printed is a failure
}

std::string environment_name(std::string_view name) {
  std::string shown;
  for (const char c : name) shown += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return shown;
}

std::string program_version() { return DTI_VERSION; }

std::string version_text(const std::string& program) { return program + " " + program_version() + "\n"; }

std::string variable_name(std::string_view setting) { return "DTI_" + environment_name(setting); }

std::variant<Settings, UsageExit> resolve(const AppDescription& description, std::span<const std::string> args,
                                          const Surroundings& surroundings) {
  const auto app = with_common_settings(description);
  std::string operand;
  const auto flags_read =
      read_command_line(with_command_line_settings(app), args, app.operand.empty() ? nullptr : &operand);
  if (const auto* fault = std::get_if<ReadFault>(&flags_read)) return bad_use(app.name + ": ", fault->text);
  const auto& flags = std::get<0>(flags_read);
  if (flags.contains("help")) return UsageExit{0, help_text(description), true};
  if (flags.contains("version")) return UsageExit{0, version_text(app.name), true};

  Settings settings;
  settings.operand_ = std::move(operand);
  for (const auto& [flag, task] : kTasks) {
    const auto given = flags.find(flag);
    if (given == flags.end() || given->second == "false") continue;
    if (given->second != "true") {
      return bad_use(app.name + ": ", "--" + given->first + ": " + shown_value(given->second) + "is not true or false");
    }
    settings.task_ = task;
  }
  if (settings.task_ != Task::kCheckConfig) settings.prefix_ = app.name + ": ";

  auto& config_path = settings.config_path_;
  const auto config_read = read_config_file(app, flags, surroundings, config_path);
  if (const auto* fault = std::get_if<ReadFault>(&config_read)) return bad_use(settings.prefix_, fault->text);
  const auto& config = std::get<0>(config_read);

  const auto find_value = [&](const Setting& setting) -> std::optional<Given> {
    if (const auto flag = flags.find(setting.name); flag != flags.end()) {
      return Given{flag->second, {Source::kFlag, "--" + setting.name}};
    }
    if (auto variable = set_variable(surroundings, setting.name)) {
      const auto name = variable_name(setting.name);
      if (!is_set_by_platform(setting.kind, name, *variable)) {
        return Given{std::move(*variable), {Source::kVariable, name}};
      }
      settings.ignored_.push_back(ignored_variable(setting, *variable));
    }
    if (const auto entry = config.find(setting.name); entry != config.end()) {
      return Given{entry->second.text,
                   {Source::kFile, printable(config_path) + ':' + std::to_string(entry->second.line)}};
    }
    if (setting.default_value) return Given{*setting.default_value, {}};
    return std::nullopt;
  };

  std::vector<const Setting*> missing;
  for (const auto& setting : app.settings) {
    const auto given = find_value(setting);
    if (!given) {
      if (setting.needed) missing.push_back(&setting);
      continue;
    }
    auto parsed = parse_value(setting.kind, given->text);
    if (const auto* fault = std::get_if<BadValue>(&parsed)) {
      const bool show = fault->show_value && !setting.without_password;
      return bad_use(settings.prefix_, shown(setting.name, given->origin) + ": " +
                                           (show ? shown_value(given->text) : std::string{"the value "}) +
                                           fault->reason);
    }
    settings.entries_.emplace(setting.name, Settings::Entry{std::get<Value>(std::move(parsed)), given->origin});
  }
  if (!missing.empty()) return bad_use(settings.prefix_, needed_text(missing, settings.ignored_));
  if (!app.operand.empty() && settings.operand_.empty()) {
    return bad_use(settings.prefix_, app.operand + " is needed (see --help)");
  }
  return settings;
}

bool Settings::has(std::string_view name) const { return entries_.contains(name); }

const Settings::Entry& Settings::entry(std::string_view name) const {
  const auto found = entries_.find(name);
  DTI_CHECK(found != entries_.end());
  return found->second;
}

const std::string& Settings::text(std::string_view name) const { return std::get<std::string>(entry(name).value); }
std::int64_t Settings::integer(std::string_view name) const { return std::get<std::int64_t>(entry(name).value); }
std::chrono::milliseconds Settings::duration(std::string_view name) const {
  return std::get<std::chrono::milliseconds>(entry(name).value);
}
const std::vector<HostPort>& Settings::addresses(std::string_view name) const {
  return std::get<std::vector<HostPort>>(entry(name).value);
}
bool Settings::is_on(std::string_view name) const { return std::get<bool>(entry(name).value); }
const std::vector<ListenEndpoint>& Settings::endpoints(std::string_view name) const {
  return std::get<std::vector<ListenEndpoint>>(entry(name).value);
}
const Origin& Settings::origin(std::string_view name) const { return entry(name).origin; }

const Value* Settings::find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second.value;
}

void Settings::take(const std::string& name, const Settings& others) {
  entries_.erase(name);
  if (others.has(name)) entries_.emplace(name, others.entry(name));
}

void Settings::set_default(const std::string& name, Value value, const std::string& source) {
  DTI_CHECK(!has(name));
  entries_.emplace(name, Entry{std::move(value), {Source::kDefault, "default, from " + source}});
}

UsageExit Settings::bad(std::string_view name, std::string_view reason) const {
  const auto found = entries_.find(name);
  const auto origin = found == entries_.end() ? "--" + std::string{name} : shown(name, found->second.origin);
  return bad_use(prefix_, origin + ": " + printable(reason));
}

UsageExit Settings::bad_operand(std::string_view placeholder, std::string_view reason) const {
  return bad_use(prefix_, std::string{placeholder} + ": " + printable(reason));
}

}  // namespace dti
