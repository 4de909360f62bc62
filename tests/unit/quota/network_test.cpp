#include "dti/quota/network.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>
#include <string>

namespace dti {
namespace {

sockaddr_storage as_ipv4(const char* address) {
  sockaddr_in ipv4{};
  ipv4.sin_family = AF_INET;
  EXPECT_EQ(inet_pton(AF_INET, address, &ipv4.sin_addr), 1);
  sockaddr_storage storage{};
  std::memcpy(&storage, &ipv4, sizeof ipv4);
  return storage;
}

sockaddr_storage as_ipv6(const char* address) {
  sockaddr_in6 ipv6{};
  ipv6.sin6_family = AF_INET6;
  EXPECT_EQ(inet_pton(AF_INET6, address, &ipv6.sin6_addr), 1);
  sockaddr_storage storage{};
  std::memcpy(&storage, &ipv6, sizeof ipv6);
  return storage;
}

TEST(Network, IsAnIpv4AddressOrThePrefixOfAnIpv6AddressAndNothingForThisMachine) {
  struct Case {
    const char* address;
    const char* network;
  };
  const Case cases[] = {
      {"192.0.2.7", "192.0.2.7"},
      {"0.0.0.1", "0.0.0.1"},
      {"255.255.255.255", "255.255.255.255"},
      {"::ffff:192.0.2.7", "192.0.2.7"},
      {"2001:db8:1:2::7", "2001:db8:1:2::/64"},
      {"2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"},
      {"2001:db9:1:2::7", "2001:db9:1:2::/64"},
      {"fe80::7", "fe80::/64"},
      {"127.0.0.1", "this machine"},
      {"127.255.0.1", "this machine"},
      {"::1", "this machine"},
      {"::ffff:127.0.0.1", "this machine"},
  };
  for (const auto& [address, network] : cases) {
    EXPECT_EQ(network_text(network_of(address)), network) << address;
    const auto socket_address = std::strchr(address, ':') == nullptr ? as_ipv4(address) : as_ipv6(address);
    EXPECT_EQ(network_of(socket_address), network_of(address)) << address;
  }
}

TEST(Network, ReadsAnAddressWithItsInterfaceAndTakesOtherTextsForThisMachine) {
  EXPECT_EQ(network_of("fe80::7%eth0"), network_of("fe80::9"));
  for (const std::string text : {"", "192.0.2", "/run/socket", "2001:db8::7:", "[::2]"}) {
    EXPECT_EQ(network_of(text), Network::kLocal) << text;
  }
  EXPECT_EQ(network_of(std::string(1'000, '1')), Network::kLocal);
  EXPECT_EQ(network_of(sockaddr_storage{}), Network::kLocal);
}

TEST(Network, NoAddressOfIpv6IsTheNetworkOfAnIpv4AddressUnlessItIsMapped) {
  for (const auto* address : {"::2", "::192.0.2.7", "0:0:c000:207::", "0:0:7f00:1::1"}) {
    EXPECT_EQ(network_text(network_of(address)), "0:1::/64") << address;
  }
}

}  // namespace
}  // namespace dti
