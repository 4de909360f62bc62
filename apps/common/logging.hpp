#pragma once

#include <chrono>
#include <string>

#include "dti/service/log.hpp"

namespace dti {

enum class LogFormat { kText, kJson };

struct LogOptions {
  LogLevel level = LogLevel::kInfo;  // events below it are dropped
  LogFormat format = LogFormat::kText;
};

/// An event as one line, without its line feed, whatever its texts hold:
///   text  2026-01-31T09:15:00.250Z warning store-unavailable: the store does not answer attempt=3 reason="timed out"
///   JSON  {"time":"…","level":"warning","event":"…","message":"…","fields":{"attempt":"3","reason":"timed out"}}
[[nodiscard]] std::string format_log_event(const LogEvent& event, LogFormat format,
                                           std::chrono::sys_time<std::chrono::microseconds> time);

/// Writes events to stderr, a line each; the level is coloured if that is a terminal and NO_COLOR is empty.
/// Thread: any.
[[nodiscard]] LogSink make_log_sink(const LogOptions& options);

}  // namespace dti
