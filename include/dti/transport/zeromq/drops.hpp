#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace dti {

/// Why a reply was dropped.
enum class DropReason {
  kPeerGone,  // the peer has closed its connection
  kNotRead,   // the peer does not read its replies, or reads them too slowly
  kClosed,    // the server had closed all connections
};
inline constexpr std::size_t kDropReasonCount = 3;

/// How many replies were dropped, by DropReason.
using Drops = std::array<std::uint64_t, kDropReasonCount>;

[[nodiscard]] inline std::uint64_t in_all(const Drops& drops) {
  return std::accumulate(drops.begin(), drops.end(), std::uint64_t{0});
}

}  // namespace dti
