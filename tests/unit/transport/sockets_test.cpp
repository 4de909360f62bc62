#include "transport/zeromq/sockets.hpp"

#include <cstddef>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <zmq.hpp>

#include "unit/transport/bound_router.hpp"
#include "unit/transport/peers.hpp"

namespace dti {
namespace {

constexpr std::size_t kFrameBytesMax = std::size_t{1024} * 1024;

TEST(SocketsTest, AnIpv6AddressIsBoundWithAndWithoutBracketsAndConnectedTo) {
  for (const std::string address : {"[::1]", "::1"}) {
    SCOPED_TRACE(address);
    zmq::context_t context;
    zmq::socket_t router;
    try {
      router = bound_router(context, address, 0, kFrameBytesMax);
    } catch (const std::runtime_error& error) {
      const std::string why = error.what();
      ASSERT_NE(why.find("not an address of this machine"), std::string::npos) << why;
      GTEST_SKIP() << "this machine has no IPv6 loopback: " << why;
    }
    const std::string endpoint = router.get(zmq::sockopt::last_endpoint);
    ASSERT_EQ(endpoint.find("tcp://[::1]:"), 0u) << endpoint;
    auto dealer = make_dealer(context, kFrameBytesMax);
    connect_dealer(dealer, endpoint.substr(std::string("tcp://").size()));
    peers::send(dealer, {"hello"});
    router.set(zmq::sockopt::rcvtimeo, 10'000);
    const auto frames = peers::receive(router);
    ASSERT_EQ(frames.size(), 2u);
    EXPECT_EQ(frames[1], "hello");
  }
}

TEST(SocketsTest, LocalhostIsTheAddressOfThisMachine) {
  zmq::context_t context;
  const auto router = bound_router(context, "localhost", 0, kFrameBytesMax);
  EXPECT_EQ(router.get(zmq::sockopt::last_endpoint).find("tcp://127.0.0.1:"), 0u);
}

TEST(SocketsTest, AnAddressThatCannotBeOneIsSaidInASentence) {
  zmq::context_t context;
  const std::string address = "127.0.0.1:port";
  try {
    auto dealer = make_dealer(context, kFrameBytesMax);
    connect_dealer(dealer, address);
    FAIL() << "that is no port";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find(address), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace dti
