#pragma once

#include <cstdint>
#include <string>

namespace dti {

/// Identifies a request between a state machine and its host, which sends the reply. A token is never used twice.
using Token = std::uint64_t;

/// The last action of a state machine: the process exits with this code after its replies were sent.
struct Exit {
  int code = 0;
  std::string reason;  // a sentence for the log; empty after an ordinary stop
};

}  // namespace dti
