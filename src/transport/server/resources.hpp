#pragma once

#include <cstddef>

namespace dti {

/// How many bytes of memory this process has to itself, read from a file that stays open: it can be asked often, and when
/// no descriptor is left. Pages of files (a database that is mapped) do not count.
/// Thread: one.
class MemoryGauge {
 public:
  MemoryGauge();
  ~MemoryGauge();
  MemoryGauge(const MemoryGauge&) = delete;
  MemoryGauge& operator=(const MemoryGauge&) = delete;

  /// @return 0 if this system does not say
  [[nodiscard]] std::size_t bytes() const;

 private:
  const int descriptor_;
};

/// Gives the memory that was freed back to the system, as far as whole pages are free.
void give_back_freed_memory();

/// Can this process open nothing more?
[[nodiscard]] bool descriptors_are_exhausted();

}  // namespace dti
