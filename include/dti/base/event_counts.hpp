#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dti/base/log.hpp"

namespace dti {

/// Counts the events that a process logs, by name. The names are known beforehand, so that each count begins with 0: a
/// monitoring system does not notice a count that appears with 1.
/// Thread: any; no call waits.
class EventCounts {
 public:
  /// @param names  they outlive this object (a constant array)
  explicit EventCounts(std::span<const std::string_view> names) : names_(names), counts_(names.size()) {}

  /// Counts a warning or an error with one of the names.
  void count(const LogEvent& event) {
    if (event.level < LogLevel::kWarning) return;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] == event.event) ++counts_[i];
    }
  }

  [[nodiscard]] std::map<std::string, std::uint64_t> all() const {
    std::map<std::string, std::uint64_t> counts;
    for (std::size_t i = 0; i < names_.size(); ++i) counts.emplace(names_[i], counts_[i]);
    return counts;
  }

 private:
  const std::span<const std::string_view> names_;
  std::vector<std::atomic<std::uint64_t>> counts_;  // by the index of the name
};

/// The same sink, with its events counted.
[[nodiscard]] inline LogSink counted(LogSink sink, std::shared_ptr<EventCounts> counts) {
  return [sink = std::move(sink), counts = std::move(counts)](const LogEvent& event) {
    counts->count(event);
    sink(event);
  };
}

}  // namespace dti
