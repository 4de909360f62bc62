#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/socket.h>

namespace dti {

/// The part of a peer's IP address that counts as one peer: an IPv4 address, or the first 64 bits of an IPv6 address,
/// of which one machine usually has all addresses.
enum class Network : std::uint64_t {
  kLocal = 0,  // a loopback address, or no IP address: never limited
};

/// @param address  such as `192.0.2.7`, `2001:db8::7` or `fe80::7%eth0`
[[nodiscard]] Network network_of(std::string_view address);
[[nodiscard]] Network network_of(const sockaddr_storage& address);

/// The text for people, such as `192.0.2.7` or `2001:db8::/64`.
[[nodiscard]] std::string network_text(Network network);

}  // namespace dti
