#pragma once

#include <cstdint>

namespace dti {

/// What the system says about this process.
struct ProcessFigures {
  double cpu_seconds = 0;  // of all threads
  std::uint64_t descriptors_open = 0;
  std::uint64_t descriptors_max = 0;
};
/// Thread: any. It reads a folder with an entry for each descriptor, so that it is not for a thread that serves clients.
[[nodiscard]] ProcessFigures read_process_figures();

}  // namespace dti
