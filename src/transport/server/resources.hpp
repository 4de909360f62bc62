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

/// Returns freed memory to the system, as far as whole pages are free.
void give_back_freed_memory();

/// Tells whether this process can open no further descriptor.
[[nodiscard]] bool descriptors_are_exhausted();

}  // namespace dti
