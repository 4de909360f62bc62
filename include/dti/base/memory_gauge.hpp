#pragma once

#include <cstddef>

namespace dti {

/// Measures the private memory of this process. It keeps its file open, so that bytes() is fast and works when no
/// descriptor is left. Mapped pages of files (of a database) do not count.
/// Thread: one.
class MemoryGauge {
 public:
  MemoryGauge();
  ~MemoryGauge();
  MemoryGauge(const MemoryGauge&) = delete;
  MemoryGauge& operator=(const MemoryGauge&) = delete;

  /// @return the number of bytes; 0 if the system does not provide it
  [[nodiscard]] std::size_t bytes() const;

 private:
  const int descriptor_;
};

}  // namespace dti
