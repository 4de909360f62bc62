#pragma once

#include <optional>
#include <span>

#include "dti/base/time.hpp"

namespace dti {

/// A descriptor or a libzmq socket for which a loop waits.
struct PollItem {
  void* socket = nullptr;  // of libzmq; null: `descriptor` is used
  int descriptor = -1;
  bool for_writing = false;  // ready also when the descriptor can be written
  bool is_ready = false;     // set by wait_for()
};

/// Waits until an item is ready or the time `until` is reached, and sets is_ready of each item. It may return earlier.
/// @param until  none: no time limit
void wait_for(std::span<PollItem> items, std::optional<SteadyTime> until);

}  // namespace dti
