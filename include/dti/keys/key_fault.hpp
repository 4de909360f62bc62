#pragma once

#include <cstddef>
#include <string>

namespace dti {

/// The first fault of a key file or a key list.
struct KeyFault {
  std::size_t line = 0;  // from 1; 0: the fault is not in one line
  std::string reason;    // a clause without any part of a secret

  friend bool operator==(const KeyFault&, const KeyFault&) = default;
};

}  // namespace dti
