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
#include "dti/cli/guarded_file.hpp"
#include "dti/cli/setting_kinds.hpp"

namespace dti {

/// One setting of a program: its flag, its environment variable, its key in the config file and its default.
struct Setting {
  std::string name = {};   // `lease-seconds`: --lease-seconds, DTI_LEASE_SECONDS, `lease-seconds = 5` in the file
  std::string group = {};  // the heading in --help
  ValueKind kind = TextKind{};
  std::string help = {};                          // one or more sentences
  std::optional<std::string> default_value = {};  // parsed like any other value; none: the setting has no default
  std::string default_shown = "none";             // the default in --help if there is no default_value
  bool needed = false;
  bool reloads = false;  // SIGHUP changes it while the program runs; the others need a restart
  bool repeats = false;  // a list whose flag may be given several times, which is the same as commas
  /// Set if the value may contain a password: returns the value without it. Messages show nothing of such a value.
  std::function<std::string(const std::string& value)> without_password = {};
};

/// The description of a program: its settings, and the other parts of its --help.
struct AppDescription {
  std::string name;
  std::string purpose;  // a paragraph
  std::vector<Setting> settings;
  std::vector<std::pair<std::string, std::string>> examples;  // the purpose and the command line
  std::vector<std::pair<int, std::string>> exit_codes;
  bool is_service = false;                   // it has the flags --check-config, --print-config and --check-health
  std::vector<Setting> others_in_file = {};  // settings of other programs that a shared config file may contain
  std::string operand = {};  // the placeholder of what follows the flags, such as `NAME`; empty: nothing
};

/// The environment and the files that a process can read. Tests replace them.
struct Surroundings {
  /// The value of the environment variable; none if it is not set.
  std::function<std::optional<std::string>(const std::string& name)> variable;
  /// The text of the file. @throws std::runtime_error  with the reason, without the path
  std::function<std::string(const std::string& path)> read_file;
  /// The text of a file that its mode must protect. @throws std::runtime_error  with the reason, without the path
  std::function<std::string(const std::string& path, FileGuard guard)> read_guarded_file = {};
  /// Tells whether nothing has the path. Unset: the process makes no file.
  std::function<bool(const std::string& path)> is_missing = {};
  /// Makes a file for the user of this process alone. @throws std::runtime_error  with the path and the reason
  std::function<void(const std::string& path, std::string_view text)> write_new_secret = {};
};
/// The environment and the files of this process. A file may have at most 16 MiB.
[[nodiscard]] Surroundings process_surroundings();

/// The program must exit at once, because of --help, --version or incorrect usage.
struct UsageExit {
  int code = 2;
  std::string text;  // ends with a line feed
  bool to_stdout = false;
};
/// Prints the text to stdout or stderr.
/// @return the exit code: usage.code, or 1 if that is 0 and the text could not be printed
[[nodiscard]] int leave(const UsageExit& usage);

enum class Source { kFlag, kVariable, kFile, kDefault };

/// What the command line asks a program to do.
enum class Task { kRun, kCheckHealth, kCheckConfig, kPrintConfig };

/// The source of a value: `--port`, `DTI_PORT`, `/etc/dti.toml:3` or `default`.
struct Origin {
  Source source = Source::kDefault;
  std::string text = "default";
};

/// The settings of one run, each with its origin.
class Settings {
 public:
  /// Tells whether the setting has a value. A setting without default has none unless one was given.
  [[nodiscard]] bool has(std::string_view name) const;
  /// The value of a setting. has(name) must be true, and the kind of the setting must have the type of the function.
  [[nodiscard]] const std::string& text(std::string_view name) const;
  [[nodiscard]] std::int64_t integer(std::string_view name) const;
  [[nodiscard]] std::chrono::milliseconds duration(std::string_view name) const;
  [[nodiscard]] const std::vector<HostPort>& addresses(std::string_view name) const;
  [[nodiscard]] bool is_on(std::string_view name) const;
  [[nodiscard]] const std::vector<ListenEndpoint>& endpoints(std::string_view name) const;
  [[nodiscard]] const Origin& origin(std::string_view name) const;
  [[nodiscard]] Task task() const { return task_; }
  /// The arguments that are no flags, with a space between them. Empty unless the program has an operand.
  [[nodiscard]] const std::string& operand() const { return operand_; }
  /// The path of the config file; empty if there is none.
  [[nodiscard]] const std::string& config_path() const { return config_path_; }
  /// The value of a setting; null if it has none. Valid until the settings change.
  [[nodiscard]] const Value* find(std::string_view name) const;
  /// Takes the value of a setting and its origin from others; the setting has no value if it has none there.
  void take(const std::string& name, const Settings& others);
  /// Sets the value of a setting that has none: a default that depends on the surroundings.
  /// @param source  of the value, such as `STATE_DIRECTORY`
  void set_default(const std::string& name, Value value, const std::string& source);
  /// Log events about the environment variables that have the name of a setting and were ignored: see
  /// is_set_by_platform().
  [[nodiscard]] const std::vector<LogEvent>& ignored() const { return ignored_; }

  /// Incorrect usage because of the value of a setting. The line names the source of the value.
  /// @param reason  a clause; it must not contain the value of a setting that may contain a password
  [[nodiscard]] UsageExit bad(std::string_view name, std::string_view reason) const;
  /// The same because of the operand. @param placeholder  such as `NAME`
  [[nodiscard]] UsageExit bad_operand(std::string_view placeholder, std::string_view reason) const;

 private:
  friend std::variant<Settings, UsageExit> resolve(const AppDescription&, std::span<const std::string>,
                                                   const Surroundings&);
  struct Entry {
    Value value;
    Origin origin;
  };
  [[nodiscard]] const Entry& entry(std::string_view name) const;

  std::string prefix_;  // of a line about incorrect usage
  std::string config_path_;
  Task task_ = Task::kRun;
  std::string operand_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<LogEvent> ignored_;
};

/// Finds the value of each setting. A flag has priority over the environment variable, the variable over the config
/// file, and the file over the default. An environment variable counts as not set if it is empty or
/// is_set_by_platform(). resolve() adds the settings of every program: --help, --version, --config, --log-level and
/// --log-format; for a service also --check-config, --print-config and --check-health.
/// @param args  the command line without the program's name
/// @return the settings, each valid for its kind; or how to end: help and version with 0, incorrect usage with 2 and
///   one line. With --check-config, that line begins with the origin of the value: `/etc/dti.toml:3: port: …`
[[nodiscard]] std::variant<Settings, UsageExit> resolve(const AppDescription& app, std::span<const std::string> args,
                                                        const Surroundings& surroundings);

/// The text of --help.
[[nodiscard]] std::string help_text(const AppDescription& app);

/// The version of the programs, such as `0.1.0`.
[[nodiscard]] std::string program_version();

/// The text of --version.
[[nodiscard]] std::string version_text(const std::string& program);

/// A name as environment variables spell it: STORE_TIMEOUT for `store-timeout`.
[[nodiscard]] std::string environment_name(std::string_view name);

/// The name of the environment variable of a setting: DTI_STORE_TIMEOUT for `store-timeout`.
[[nodiscard]] std::string variable_name(std::string_view setting);

}  // namespace dti
