#include "dti/transport/zeromq/host_port.hpp"

#include <gtest/gtest.h>

namespace dti {
namespace {

TEST(HostPort, BracketsAreTakenOffAnIpv6AddressOnly) {
  struct Case {
    const char* host;
    const char* bare;
  };
  for (const auto& [host, bare] : {Case{"[::1]", "::1"}, Case{"::1", "::1"}, Case{"127.0.0.1", "127.0.0.1"},
                                   Case{"host", "host"}, Case{"*", "*"}, Case{"[fe80::1%eth0]", "fe80::1%eth0"}}) {
    EXPECT_EQ(without_brackets(host), bare);
  }
}

}  // namespace
}  // namespace dti
