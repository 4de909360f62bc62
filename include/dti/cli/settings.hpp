#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dti/base/log.hpp"
#include "dti/cli/setting_kinds.hpp"

namespace dti {

/// One setting of a program: its flag, its environment variable, its key in the config file and its default.
struct Setting {
  std::string name = {};   // `lease-seconds`: --lease-seconds, DTI_LEASE_SECONDS, `lease-seconds = 5` in the file
  std::string group = {};  // heading in --help
  ValueKind kind = TextKind{};
  std::string help = {};                          // a sentence or more
  std::optional<std::string> default_value = {};  // read like any other value; none: no value unless one is given
  std::string default_shown = "none";             // what --help says if there is no default_value
  bool needed = false;
  bool secret = false;  // may carry a password: messages never show the value
};

/// What --help says of a program, and what it takes.
struct AppDescription {
  std::string name;
  std::string purpose;  // a paragraph
  std::vector<Setting> settings;
  std::vector<std::pair<std::string, std::string>> examples;  // what it does, command line
  std::vector<std::pair<int, std::string>> exit_codes;
  std::vector<Setting> others_in_file = {};  // of other programs: a config file may have them, for it serves those too
};

/// What a process finds around it.
struct Surroundings {
  /// The environment variable of that name.
  std::function<std::optional<std::string>(const std::string& name)> variable;
  /// The file's text. @throws std::runtime_error  with the reason, without the path
  std::function<std::string(const std::string& path)> read_file;
};
/// Those of this process. A file may have 16 MiB.
[[nodiscard]] Surroundings process_surroundings();

/// The program is to end at once: --help, --version, or bad use.
struct UsageExit {
  int code = 2;
  std::string text;  // ends with a line feed
  bool to_stdout = false;
};
/// Prints the text where it belongs. @return the exit code
[[nodiscard]] int leave(const UsageExit& usage);

enum class Source { kFlag, kVariable, kFile, kDefault };

/// Where a value came from: `--port`, `DTI_PORT`, `/etc/dti.toml:3` or `default`.
struct Origin {
  Source source = Source::kDefault;
  std::string text = "default";
};

/// The settings of one run, each with its origin.
class Settings {
 public:
  /// Is there a value? Not for a setting without default that was not given.
  [[nodiscard]] bool has(std::string_view name) const;
  /// The value; the name must be a setting that has one, of a kind with that type.
  [[nodiscard]] const std::string& text(std::string_view name) const;
  [[nodiscard]] std::int64_t integer(std::string_view name) const;
  [[nodiscard]] std::chrono::milliseconds duration(std::string_view name) const;
  [[nodiscard]] const std::vector<HostPort>& addresses(std::string_view name) const;
  [[nodiscard]] bool is_on(std::string_view name) const;
  [[nodiscard]] const Origin& origin(std::string_view name) const;
  /// The variables that have the name of a setting and were ignored, to be logged: see is_set_by_platform().
  [[nodiscard]] const std::vector<LogEvent>& ignored() const { return ignored_; }

  /// Bad use, because of that setting's value: a line that names where the value came from.
  /// @param reason  why, or the rest of a sentence; never the value of a secret setting
  [[nodiscard]] UsageExit bad(std::string_view name, std::string_view reason) const;

 private:
  friend std::variant<Settings, UsageExit> resolve(const AppDescription&, std::span<const std::string>,
                                                   const Surroundings&);
  struct Entry {
    Value value;
    Origin origin;
  };
  [[nodiscard]] const Entry& entry(std::string_view name) const;

  std::string app_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<LogEvent> ignored_;
};

/// Finds the value of each setting: the flag's, else the environment variable's, else the config file's, else the
/// default. An environment variable counts as not set if it is empty or is_set_by_platform(). --help, --version, --config, --log-level and
/// --log-format belong to every program and are added here.
/// @param args  the command line without the program's name
/// @return the settings, each valid for its kind; or how to end: help and version with 0, bad use with 2 and one line
[[nodiscard]] std::variant<Settings, UsageExit> resolve(const AppDescription& app, std::span<const std::string> args,
                                                        const Surroundings& surroundings);

/// What --help prints.
[[nodiscard]] std::string help_text(const AppDescription& app);

/// What --version prints.
[[nodiscard]] std::string version_text(const std::string& program);

/// A name in the form that it has in environment variables: `store-timeout` is STORE_TIMEOUT.
[[nodiscard]] std::string environment_name(std::string_view name);

/// The environment variable of a setting.
[[nodiscard]] std::string variable_name(std::string_view setting);

}  // namespace dti
