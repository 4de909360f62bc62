#pragma once

#include <optional>
#include <span>

#include "dti/base/time.hpp"

namespace dti {

/// A descriptor or a socket of this room that a loop waits for.
struct PollItem {
  void* socket = nullptr;    // of libzmq; if there is none, the descriptor counts
  int descriptor = -1;
  bool for_writing = false;  // ready also when the descriptor can be written
  bool is_ready = false;     // set by wait_for()
};

/// Waits until an item is ready or the time has come, whichever is first, and sets is_ready of each item. It may return
/// before either.
/// @param until  none: without a limit
void wait_for(std::span<PollItem> items, std::optional<SteadyTime> until);

}  // namespace dti
