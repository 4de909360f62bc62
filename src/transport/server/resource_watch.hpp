#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "dti/base/log.hpp"
#include "dti/base/time.hpp"
#include "dti/transport/zeromq/router_port.hpp"
#include "transport/server/memory_bound.hpp"
#include "transport/server/resources.hpp"

namespace dti {

/// Looks now and then at what ZeroMQ takes without telling: memory, and descriptors. Closes the port, with all its
/// connections, when more memory is in use than the bound.
/// Thread: one.
class ResourceWatch {
 public:
  /// @param memory_max  bytes of the process; 0: no bound
  /// @param memory_max_name  how the log names that setting
  ResourceWatch(std::size_t memory_max, std::string memory_max_name, LogSink log)
      : log_(std::move(log)), memory_max_name_(std::move(memory_max_name)), memory_bound_(memory_max) {}

  /// To be called at wake_at(), or more often.
  /// @param is_loading  the state is still growing, and those who have asked already wait for their answers
  void look(RouterPort& port, bool is_loading, SteadyTime time);
  [[nodiscard]] SteadyTime wake_at() const { return look_at_; }

 private:
  void close(RouterPort& port, std::size_t bytes_before);
  void look_at_descriptors(SteadyTime time);

  const LogSink log_;
  const std::string memory_max_name_;
  MemoryGauge memory_gauge_;
  MemoryBound memory_bound_;
  SteadyTime look_at_{};
  bool descriptors_exhausted_ = false;
  SteadyTime descriptors_logged_at_{};
};

}  // namespace dti
