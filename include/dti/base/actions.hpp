#pragma once

#include <cstdint>
#include <string>

namespace dti {

/// Names a request between a state machine and its host, which carries the answer. Never used twice.
using Token = std::uint64_t;

/// A state machine's last action: the process ends with this exit code once the answers have left.
struct Exit {
  int code = 0;
  std::string reason;  // for people; empty after an ordinary stop
};

}  // namespace dti
