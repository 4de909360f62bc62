#include "transport/server/resource_watch.hpp"

#include <chrono>
#include <string>

namespace dti {
namespace {

// At 1 GB/s a network brings 50 MB between two looks at the memory. A look takes a few microseconds.
constexpr auto kLookInterval = std::chrono::milliseconds{50};
constexpr auto kDescriptorLogInterval = std::chrono::seconds{1};
constexpr std::size_t kMebibyte = 1024 * 1024;

}  // namespace

void ResourceWatch::look(RouterPort& port, bool is_loading, SteadyTime time) {
  if (time < look_at_) return;
  look_at_ = time + kLookInterval;
  look_at_descriptors(time);
  if (is_loading || !port.is_bound()) return;
  if (!memory_bound_.is_exceeded(memory_gauge_.bytes(), time)) return;
  give_back_freed_memory();  // what is only left over is no reason
  if (const auto bytes = memory_gauge_.bytes(); memory_bound_.is_exceeded(bytes, time)) close(port, bytes);
}

void ResourceWatch::close(RouterPort& port, std::size_t bytes_before) {
  const auto drops_before = port.dropped();
  const auto bound = memory_bound_.bytes();
  port.close(std::chrono::steady_clock::now());
  give_back_freed_memory();
  const auto floor = memory_gauge_.bytes();
  memory_bound_.on_closed(floor, std::chrono::steady_clock::now());
  const auto mebibytes = [](std::size_t bytes) { return std::to_string(bytes / kMebibyte); };
  log_({LogLevel::kWarning,
        "endpoint-closed",
        "more memory is in use than " + memory_max_name_ +
            ": every connection was closed, and clients can come back at once",
        {{"mib", mebibytes(bytes_before)},
         {"mib-max", mebibytes(bound)},
         {"mib-now", mebibytes(floor)},
         {"replies-dropped", std::to_string(port.dropped() - drops_before)},
         {"times", std::to_string(port.times_closed())}}});
  if (!memory_bound_.is_raised()) return;
  log_({LogLevel::kError,
        "memory-max-too-low",
        "the state itself needs more memory than " + memory_max_name_ +
            " leaves; the bound is higher until the endpoint is closed again",
        {{"mib-now", mebibytes(floor)}, {"mib-max", mebibytes(memory_bound_.bytes())}}});
}

// libzmq goes on without a new connection, and tries to accept it again without a pause.
void ResourceWatch::look_at_descriptors(SteadyTime time) {
  const bool exhausted = descriptors_are_exhausted();
  if (exhausted == descriptors_exhausted_) return;
  if (exhausted && time - descriptors_logged_at_ < kDescriptorLogInterval) return;
  descriptors_exhausted_ = exhausted;
  if (exhausted) {
    descriptors_logged_at_ = time;
    log_({LogLevel::kError,
          "descriptors-exhausted",
          "no descriptor is left: those who are connected are served, others have to wait",
          {}});
  } else {
    log_({LogLevel::kInfo, "descriptors-left", "descriptors are left again", {}});
  }
}

}  // namespace dti
