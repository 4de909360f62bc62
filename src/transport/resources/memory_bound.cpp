#include "dti/transport/resources/memory_bound.hpp"

#include <algorithm>

namespace dti {

bool MemoryBound::is_exceeded(std::size_t bytes, SteadyTime now) const {
  if (!is_set() || bytes <= bytes_now_) return false;
  return !closed_at_ || now - *closed_at_ >= kClosedAgainAfter;
}

void MemoryBound::on_closed(std::size_t floor, SteadyTime now) {
  closed_at_ = now;
  bytes_now_ = std::max(bytes_max_, floor + bytes_max_ / 4);
}

void MemoryBound::change(std::size_t bytes_max) {
  if (bytes_max == bytes_max_) return;
  bytes_max_ = bytes_now_ = bytes_max;
}

}  // namespace dti
