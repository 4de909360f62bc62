#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace dti {

/// Why a connection, or a message of it, was refused.
enum class Refusal {
  kKey,           // the key of the peer is not in the list
  kMechanism,     // a plain peer at a secured endpoint, or the other way round
  kHandshake,     // the peer does not prove its key, or does not speak ZMTP 3
  kUnidentified,  // a message came with another routing id than the one that its connection was given
  kAddressFull,   // the address of the peer has as many connections as it may have
  kFull,          // there are as many connections as there may be
  kTooMany,       // a message is one of too many of its key or address in a time: its request is refused
  kFlood,         // such messages came nevertheless: they were dropped, and their connections closed
};
inline constexpr std::size_t kRefusalCount = 8;

/// How many there were, by Refusal.
using Refusals = std::array<std::uint64_t, kRefusalCount>;

}  // namespace dti
