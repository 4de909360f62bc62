#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dti/base/log.hpp"
#include "dti/base/log_drops.hpp"

namespace dti {

enum class LogFormat { kText, kJson };

struct LogOptions {
  LogLevel level = LogLevel::kInfo;  // events below it are dropped
  LogFormat format = LogFormat::kText;
  std::vector<LogEvent> first = {};  // events about the settings, which the log writes first
};

/// An event as one line, without its line feed. No text in the event can break the line:
///   text  2026-01-31T09:15:00.250Z warning store-unavailable: the store does not answer attempt=3 reason="timed out"
///   JSON  {"time":"…","level":"warning","event":"…","message":"…","fields":{"attempt":"3","reason":"timed out"}}
[[nodiscard]] std::string format_log_event(const LogEvent& event, LogFormat format,
                                           std::chrono::sys_time<std::chrono::microseconds> time);

/// The log of this process. Writes each event as one line to stderr; the level has a colour if stderr is a terminal and
/// NO_COLOR is empty. It never waits for the reader of stderr: lines that do not fit are dropped, and `log-dropped`
/// gives their number. It also logs a failed check and an uncaught exception before the process aborts.
/// Construct it once, after the signals were blocked and before any other thread starts. Thread: any.
class Log {
 public:
  /// @throws std::system_error  if the system has no thread left
  explicit Log(const LogOptions& options);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void operator()(const LogEvent& event) const;
  /// The same log as a function object. It may outlive the Log; then it drops its events.
  [[nodiscard]] LogSink sink() const;
  /// Events below this level are dropped from now on.
  void set_level(LogLevel level) const;
  /// How many lines were dropped since the start. Thread: any.
  [[nodiscard]] LogDrops lines_dropped() const;
  /// Waits for the last lines, at most for kFinishTime. Call it before the process exits.
  void finish() const;

  static constexpr std::chrono::milliseconds kFinishTime{200};

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

/// The event that a daemon logs when it gets a signal that does not stop it.
/// @param name  of the signal, such as `SIGHUP`
[[nodiscard]] LogEvent ignored_signal(const std::string& name);

/// Calls `work`. If it throws, logs the exception.
/// @return the exit code that `work` returned; 1 after an exception
[[nodiscard]] int run_logged(const Log& log, const std::function<int()>& work);

/// Logs the reason why a process ends, for the case that the Log could not be constructed. May wait for the reader of
/// stderr.
void log_without_thread(const LogOptions& options, const std::string& reason);

}  // namespace dti
