#pragma once

#include <cstdint>
#include <utility>

#include "dti/base/check.hpp"

namespace dti {

/// Converts a number to 32 bits; DTI_CHECK fails if it does not fit. The quantities of a grant always fit, because a
/// program may request at most kQuantityMax rooms.
[[nodiscard]] inline std::int32_t narrow(std::int64_t value) {
  DTI_CHECK(std::in_range<std::int32_t>(value));
  return static_cast<std::int32_t>(value);
}

}  // namespace dti
