#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "dti/base/log.hpp"
#include "dti/base/memory_gauge.hpp"
#include "dti/base/time.hpp"
#include "dti/transport/resources/memory_bound.hpp"
#include "dti/transport/zeromq/router_port.hpp"

namespace dti {

/// Watches the memory and the descriptors that ZeroMQ uses, and closes the port with all its connections when the
/// process exceeds the memory limit.
/// Thread: one.
class ResourceWatch {
 public:
  /// @param process  what the log calls this process, such as "the server"
  /// @param memory_max  bytes of the process; 0: no limit
  /// @param memory_max_name  the name of that setting in the log
  ResourceWatch(std::string process, std::size_t memory_max, std::string memory_max_name, LogSink log)
      : log_(std::move(log)),
        process_(std::move(process)),
        memory_max_name_(std::move(memory_max_name)),
        memory_bound_(memory_max) {}

  /// Checks the memory and the descriptors. Call it at wake_at(), or more often.
  /// @param is_loading  the process loads its state, which grows while clients wait: the port is not closed
  void check(RouterPort& port, bool is_loading, SteadyTime time);
  [[nodiscard]] SteadyTime wake_at() const { return check_at_; }
  /// @param memory_max  as for the constructor
  void change_memory_max(std::size_t memory_max) { memory_bound_.change(memory_max); }
  /// The limit in force, in bytes; 0: no limit.
  [[nodiscard]] std::size_t memory_max() const { return memory_bound_.bytes(); }

 private:
  void close(RouterPort& port, std::size_t bytes_before);
  void check_descriptors(SteadyTime time);

  const LogSink log_;
  const std::string process_;
  const std::string memory_max_name_;
  MemoryGauge memory_gauge_;
  MemoryBound memory_bound_;
  SteadyTime check_at_{};
  bool descriptors_exhausted_ = false;
  SteadyTime descriptors_logged_at_{};
};

}  // namespace dti
