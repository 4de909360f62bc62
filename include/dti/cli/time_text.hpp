#pragma once

#include <string>

#include "dti/base/time.hpp"

namespace dti {

/// Such as 2026-11-30T02:19:10.123456Z, always with six decimals, so that texts have the order of their times.
[[nodiscard]] std::string time_text(WallTime time);

}  // namespace dti
