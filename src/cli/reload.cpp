#include "dti/cli/reload.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "cli/help.hpp"
#include "dti/cli/config_text.hpp"

namespace dti {
namespace {

std::string text_of(const Setting& setting, const Settings& settings) {
  const auto* value = settings.find(setting.name);
  if (value == nullptr) return "not set";
  const auto text = value_text(*value);
  return setting.without_password ? setting.without_password(text) : text;
}

bool is_same(const Value* left, const Value* right) {
  return left == nullptr || right == nullptr ? left == right : *left == *right;
}

LogEvent event_of(const SettingChange& change) {
  std::vector<std::pair<std::string, std::string>> fields{
      {"setting", change.name}, {"old", change.in_use}, {"new", change.read}, {"origin", change.origin.text}};
  if (!change.needs_restart) return {LogLevel::kInfo, "setting-changed", "the new value is in use", std::move(fields)};
  return {LogLevel::kWarning, "restart-needed", "the new value takes effect after a restart; the old one is in use",
          std::move(fields)};
}

// The lines of a fault. Each begins with the name of the program, which the log does not need.
void log_fault(const AppDescription& app, const std::string& text, const LogSink& log) {
  const auto prefix = app.name + ": ";
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    auto line = text.substr(at, end - at);
    if (line.starts_with(prefix)) line.erase(0, prefix.size());
    log({LogLevel::kError, "reload-refused", "all settings stay as they are: " + line, {}});
    at = end + 1;
  }
}

}  // namespace

std::vector<SettingChange> find_changes(const AppDescription& app, const Settings& in_use, const Settings& read) {
  std::vector<SettingChange> changes;
  for (const auto& setting : with_common_settings(app).settings) {
    const auto* value = read.find(setting.name);
    if (is_same(in_use.find(setting.name), value)) continue;
    SettingChange change{.name = setting.name,
                         .in_use = text_of(setting, in_use),
                         .read = text_of(setting, read),
                         .origin = value == nullptr ? Origin{} : read.origin(setting.name),
                         .needs_restart = !setting.reloads};
    if (change.in_use == change.read) change.read += " (with another password)";
    changes.push_back(std::move(change));
  }
  return changes;
}

Surroundings reload_surroundings() {
  auto surroundings = process_surroundings();
  surroundings.read_file = [read_any = std::move(surroundings.read_file)](const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
      throw std::runtime_error{"it is not a regular file, so it can be read at a start only"};
    }
    return read_any(path);
  };
  surroundings.is_missing = nullptr;  // only a start makes files
  surroundings.write_new_secret = nullptr;
  return surroundings;
}

bool apply_changes(const AppDescription& app, Settings& in_use, const std::variant<Settings, UsageExit>& read,
                   const LogSink& log) {
  if (const auto* usage = std::get_if<UsageExit>(&read)) {
    log_fault(app, usage->text, log);
    return false;
  }
  const auto& settings = std::get<Settings>(read);
  const auto changes = find_changes(app, in_use, settings);
  for (const auto& change : changes) {
    log(event_of(change));
    if (!change.needs_restart) in_use.take(change.name, settings);
  }
  const auto waiting = std::count_if(changes.begin(), changes.end(), [](const auto& it) { return it.needs_restart; });
  const auto changed = static_cast<std::ptrdiff_t>(changes.size()) - waiting;
  log({LogLevel::kInfo,
       "settings-reloaded",
       "the settings were read again",
       {{"changed", std::to_string(changed)}, {"need-restart", std::to_string(waiting)}}});
  return changed > 0;
}

}  // namespace dti
