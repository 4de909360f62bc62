#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dti/base/time.hpp"

namespace dti {

/// Such as 2026-11-30T02:19:10.123456Z, always with six decimals, so that texts have the order of their times.
[[nodiscard]] std::string time_text(WallTime time);

/// The time of a text that time_text() has made; none for another text.
[[nodiscard]] std::optional<WallTime> time_from_text(std::string_view text);

}  // namespace dti
