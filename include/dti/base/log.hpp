#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace dti {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// One structured event: what happened, a stable name to search for, and its facts.
struct LogEvent {
  LogLevel level = LogLevel::kInfo;
  std::string event;    // such as `store-unavailable`
  std::string message;  // a sentence for people
  std::vector<std::pair<std::string, std::string>> fields;
};

/// Where events go. May be called from any thread.
using LogSink = std::function<void(const LogEvent&)>;

}  // namespace dti
