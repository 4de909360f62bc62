#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace dti {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// One structured log event: a stable name to search for, a message for people, and fields with the facts.
struct LogEvent {
  LogLevel level = LogLevel::kInfo;
  std::string event;    // such as `store-unavailable`
  std::string message;  // a sentence for people
  std::vector<std::pair<std::string, std::string>> fields;
};

/// Receives log events. Thread: any.
using LogSink = std::function<void(const LogEvent&)>;

}  // namespace dti
