#pragma once

#include <cstdint>
#include <utility>

#include "dti/base/check.hpp"

namespace dti {

/// The same number in 32 bits. Quantities of a grant fit: a program may ask for kQuantityMax.
[[nodiscard]] inline std::int32_t narrow(std::int64_t value) {
  DTI_CHECK(std::in_range<std::int32_t>(value));
  return static_cast<std::int32_t>(value);
}

}  // namespace dti
