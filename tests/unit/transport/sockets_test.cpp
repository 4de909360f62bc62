#include "transport/sockets.hpp"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <zmq.hpp>

#include "unit/transport/peers.hpp"

namespace dti {
namespace {

TEST(SocketsTest, BracketsAreTakenOffAnIpv6AddressOnly) {
  struct Case {
    const char* host;
    const char* bare;
  };
  for (const auto& [host, bare] : {Case{"[::1]", "::1"}, Case{"::1", "::1"}, Case{"127.0.0.1", "127.0.0.1"},
                                   Case{"host", "host"}, Case{"*", "*"}, Case{"[fe80::1%eth0]", "fe80::1%eth0"}}) {
    EXPECT_EQ(without_brackets(host), bare);
  }
}

TEST(SocketsTest, AnIpv6AddressIsBoundWithAndWithoutBracketsAndConnectedTo) {
  for (const std::string address : {"[::1]", "::1"}) {
    SCOPED_TRACE(address);
    zmq::context_t context;
    zmq::socket_t router;
    try {
      router = bind_router(context, address, 0);
    } catch (const std::runtime_error& error) {
      const std::string why = error.what();
      ASSERT_NE(why.find("not an address of this machine"), std::string::npos) << why;
      GTEST_SKIP() << "this machine has no IPv6 loopback: " << why;
    }
    const std::string endpoint = router.get(zmq::sockopt::last_endpoint);
    ASSERT_EQ(endpoint.find("tcp://[::1]:"), 0u) << endpoint;
    auto dealer = connect_dealer(context, endpoint.substr(std::string("tcp://").size()));
    peers::send(dealer, {"hello"});
    router.set(zmq::sockopt::rcvtimeo, 10'000);
    const auto frames = peers::receive(router);
    ASSERT_EQ(frames.size(), 2u);
    EXPECT_EQ(frames[1], "hello");
  }
}

TEST(SocketsTest, AnAddressThatCannotBeOneIsSaidInASentence) {
  zmq::context_t context;
  const std::string address = "127.0.0.1:port";
  try {
    connect_dealer(context, address).close();
    FAIL() << "that is no port";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find(address), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace dti
