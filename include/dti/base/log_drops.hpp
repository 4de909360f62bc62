#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace dti {

/// Why a line of the log was dropped.
enum class LogDropReason {
  kNotRead,     // stderr is not read, or is read too slowly
  kNotWritten,  // stderr cannot be written, such as on a full disk
};
inline constexpr std::size_t kLogDropReasonCount = 2;

/// How many lines of the log were dropped, by LogDropReason.
using LogDrops = std::array<std::uint64_t, kLogDropReasonCount>;

}  // namespace dti
