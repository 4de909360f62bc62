#include "dti/transport/resources/resource_watch.hpp"

#include <chrono>
#include <string>

#include "transport/resources/resources.hpp"

namespace dti {
namespace {

// A network of 1 GB/s delivers 50 MB between two checks. A check takes a few microseconds.
constexpr auto kCheckInterval = std::chrono::milliseconds{50};
constexpr auto kDescriptorLogInterval = std::chrono::seconds{1};
constexpr std::size_t kMebibyte = 1024 * 1024;

}  // namespace

void ResourceWatch::check(RouterPort& port, bool is_loading, SteadyTime time) {
  if (time < check_at_) return;
  check_at_ = time + kCheckInterval;
  check_descriptors(time);
  if (is_loading || !port.is_bound()) return;
  if (!memory_bound_.is_exceeded(memory_gauge_.bytes(), time)) return;
  give_back_freed_memory();  // memory that was freed already is no reason to close the port
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
        process_ + " used more memory than " + memory_max_name_ +
            ", so it closed every connection; clients can connect again at once",
        {{"mib", mebibytes(bytes_before)},
         {"mib-max", mebibytes(bound)},
         {"mib-now", mebibytes(floor)},
         {"replies-dropped", std::to_string(port.dropped() - drops_before)},
         {"times", std::to_string(port.times_closed())}}});
  if (!memory_bound_.is_raised()) return;
  log_({LogLevel::kError,
        "memory-max-too-low",
        "the state of " + process_ + " itself needs more memory than " + memory_max_name_ + " leaves, so " + process_ +
            " uses a higher limit; raise " + memory_max_name_,
        {{"mib-now", mebibytes(floor)}, {"mib-max", mebibytes(memory_bound_.bytes())}}});
}

// Without a free descriptor, libzmq accepts no new connection and tries again without a pause.
void ResourceWatch::check_descriptors(SteadyTime time) {
  const bool exhausted = descriptors_are_exhausted();
  if (exhausted == descriptors_exhausted_) return;
  if (exhausted && time - descriptors_logged_at_ < kDescriptorLogInterval) return;
  descriptors_exhausted_ = exhausted;
  if (exhausted) {
    descriptors_logged_at_ = time;
    log_({LogLevel::kError,
          "descriptors-exhausted",
          "no descriptor is left: " + process_ + " serves the connected clients, and other clients must wait",
          {}});
  } else {
    log_({LogLevel::kInfo, "descriptors-left", process_ + " has free descriptors again", {}});
  }
}

}  // namespace dti
