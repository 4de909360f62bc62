#pragma once

#include <string>
#include <variant>
#include <vector>

#include "dti/base/log.hpp"
#include "dti/cli/settings.hpp"

namespace dti {

/// A setting whose value was read again and differs from the value in use.
struct SettingChange {
  std::string name;
  std::string in_use;  // the values as texts, without passwords; `not set` for none
  std::string read;
  Origin origin;               // of the value that was read
  bool needs_restart = false;  // the program keeps the value in use
};

/// Compares the settings in use with those that were read again, in the order of the description. Pure.
[[nodiscard]] std::vector<SettingChange> find_changes(const AppDescription& app, const Settings& in_use,
                                                      const Settings& read);

/// The surroundings for reading the settings again. It reads regular files only, because a pipe would make the running
/// program wait.
[[nodiscard]] Surroundings reload_surroundings();

/// Logs the result of reading the settings again: a fault and nothing else, or each change. Gives the settings in use
/// the new values that need no restart.
/// @return true if a setting in use changed
[[nodiscard]] bool apply_changes(const AppDescription& app, Settings& in_use,
                                 const std::variant<Settings, UsageExit>& read, const LogSink& log);

}  // namespace dti
