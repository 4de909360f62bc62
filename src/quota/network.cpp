#include "dti/quota/network.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>

namespace dti {
namespace {

constexpr std::size_t kPrefixBytes = 8;
constexpr std::size_t kMappedBytes = 12;  // before the IPv4 address in ::ffff:192.0.2.7
constexpr std::uint64_t kIpv4Max = 0xffff'ffff;

std::uint64_t number_of(std::span<const std::uint8_t> bytes) {
  std::uint64_t number = 0;
  for (const auto byte : bytes) number = number << 8 | byte;
  return number;
}

Network network_of_ipv4(std::uint32_t in_network_order) {
  const std::uint64_t number = ntohl(in_network_order);
  return number >> 24 == 127 ? Network::kLocal : Network{number};
}

Network network_of_ipv6(const in6_addr& address) {
  if (IN6_IS_ADDR_LOOPBACK(&address)) return Network::kLocal;
  const std::span<const std::uint8_t> bytes{address.s6_addr};
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    return network_of_ipv4(htonl(static_cast<std::uint32_t>(number_of(bytes.subspan(kMappedBytes)))));
  }
  // The numbers of IPv4 addresses would be those of ::/32, from which no peer comes: all of it is one network.
  return Network{std::max(number_of(bytes.first(kPrefixBytes)), kIpv4Max + 1)};
}

}  // namespace

Network network_of(std::string_view address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  address = address.substr(0, address.find('%'));
  if (address.size() >= text.size()) return Network::kLocal;
  std::memcpy(text.data(), address.data(), address.size());
  in_addr ipv4{};
  if (inet_pton(AF_INET, text.data(), &ipv4) == 1) return network_of_ipv4(ipv4.s_addr);
  in6_addr ipv6{};
  if (inet_pton(AF_INET6, text.data(), &ipv6) == 1) return network_of_ipv6(ipv6);
  return Network::kLocal;
}

Network network_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, &address, sizeof ipv4);
    return network_of_ipv4(ipv4.sin_addr.s_addr);
  }
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, &address, sizeof ipv6);
    return network_of_ipv6(ipv6.sin6_addr);
  }
  return Network::kLocal;
}

std::string network_text(Network network) {
  const auto number = static_cast<std::uint64_t>(network);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (number == 0) return "this machine";
  if (number <= kIpv4Max) {
    const in_addr ipv4{htonl(static_cast<std::uint32_t>(number))};
    return inet_ntop(AF_INET, &ipv4, text.data(), text.size());
  }
  in6_addr ipv6{};
  for (std::size_t i = 0; i < kPrefixBytes; ++i) {
    ipv6.s6_addr[i] = static_cast<std::uint8_t>(number >> (8 * (kPrefixBytes - 1 - i)));
  }
  return std::string{inet_ntop(AF_INET6, &ipv6, text.data(), text.size())} + "/64";
}

}  // namespace dti
