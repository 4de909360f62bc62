#pragma once

#include <cstdint>
#include <optional>

#include "dti/base/time.hpp"

namespace dti {

/// What the system says about this process.
struct ProcessFigures {
  double cpu_seconds = 0;  // of all threads
  std::uint64_t descriptors_open = 0;
  std::uint64_t descriptors_max = 0;
};

/// Reads the figures of this process at most once a second: the number of descriptors comes from a folder with an entry
/// for each, which takes some 20 ms with 20,000 of them.
/// Thread: one, which does not serve clients.
class ProcessWatch {
 public:
  [[nodiscard]] const ProcessFigures& newest(SteadyTime now);

 private:
  ProcessFigures figures_;
  std::optional<SteadyTime> read_at_;
};

}  // namespace dti
