#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dti/base/log.hpp"

namespace dti {

enum class LogFormat { kText, kJson };

struct LogOptions {
  LogLevel level = LogLevel::kInfo;  // events below it are dropped
  LogFormat format = LogFormat::kText;
  std::vector<LogEvent> first = {};  // of the settings: the log begins with them
};

/// An event as one line, without its line feed, whatever its texts hold:
///   text  2026-01-31T09:15:00.250Z warning store-unavailable: the store does not answer attempt=3 reason="timed out"
///   JSON  {"time":"…","level":"warning","event":"…","message":"…","fields":{"attempt":"3","reason":"timed out"}}
[[nodiscard]] std::string format_log_event(const LogEvent& event, LogFormat format,
                                           std::chrono::sys_time<std::chrono::microseconds> time);

/// The log of this process: writes events to stderr, a line each; the level is coloured if that is a terminal and NO_COLOR
/// is empty. It never waits for the reader of stderr: lines that do not fit are dropped, and counted by `log-dropped`.
/// A failed check, and an exception that is not caught, are its last lines before the process stops itself.
/// To be made once, before any other thread, behind what blocks signals. Thread: any.
class Log {
 public:
  /// @throws std::system_error  if the system has no thread left
  explicit Log(const LogOptions& options);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void operator()(const LogEvent& event) const;
  /// For those who log; it may outlive this object, and then drops.
  [[nodiscard]] LogSink sink() const;
  /// Waits for the last lines, but no longer than kFinishTime. To be called before the process is left.
  void finish() const;

  static constexpr std::chrono::milliseconds kFinishTime{200};

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

/// What a daemon logs of a signal that it was sent and that does not stop it.
[[nodiscard]] LogEvent ignored_signal(const std::string& name);

/// Does the work, and logs the exception that ended it, if one did.
/// @return the work's exit code; 1 after an exception
[[nodiscard]] int run_logged(const Log& log, const std::function<int()>& work);

/// Logs the reason for which a process ends, where the log itself could not be made. May wait for the reader.
void log_without_thread(const LogOptions& options, const std::string& reason);

}  // namespace dti
