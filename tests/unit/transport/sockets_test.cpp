#include "dti/transport/zeromq/sockets.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

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
    auto dealer = make_dealer(context);
    connect_dealer(dealer, endpoint.substr(std::string("tcp://").size()));
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
    auto dealer = make_dealer(context);
    connect_dealer(dealer, address);
    FAIL() << "that is no port";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find(address), std::string::npos) << error.what();
  }
}

std::vector<ConnectionEvent> next_events(ConnectionWatch& watch, std::size_t count) {
  std::vector<ConnectionEvent> events;
  while (events.size() < count) {
    zmq::pollitem_t item{watch.handle(), 0, ZMQ_POLLIN, 0};
    if (zmq::poll(&item, 1, std::chrono::seconds{60}) != 1) break;
    if (const auto event = watch.next()) events.push_back(*event);
  }
  return events;
}

TEST(ConnectionWatchTest, TellsThatNobodyListens) {
  zmq::context_t context;
  auto dealer = make_dealer(context);
  ConnectionWatch watch{context, dealer};
  connect_dealer(dealer, "127.0.0.1:1");
  EXPECT_EQ(next_events(watch, 1), std::vector{ConnectionEvent::kNotConnected});
}

TEST(ConnectionWatchTest, TellsOfTheConnectionItsHandshakeAndItsEnd) {
  zmq::context_t servers;
  auto router = bind_router(servers, "127.0.0.1", 0);
  const std::string endpoint = router.get(zmq::sockopt::last_endpoint);
  zmq::context_t context;
  auto dealer = make_dealer(context);
  ConnectionWatch watch{context, dealer};
  connect_dealer(dealer, endpoint.substr(std::string("tcp://").size()));
  EXPECT_EQ(next_events(watch, 2), (std::vector{ConnectionEvent::kAccepted, ConnectionEvent::kReady}));
  router.close();
  EXPECT_EQ(next_events(watch, 1), std::vector{ConnectionEvent::kClosed});
}

TEST(ConnectionWatchTest, ItsEndIsNoEndOfOtherConnectionsWheneverItComes) {
  zmq::context_t servers;
  auto router = bind_router(servers, "127.0.0.1", 0);
  const std::string endpoint = router.get(zmq::sockopt::last_endpoint);
  zmq::context_t context;
  for (int i = 0; i < 400; ++i) {
    auto refused = make_dealer(context);
    const ConnectionWatch watch{context, refused};
    connect_dealer(refused, "127.0.0.1:1");
    // So that the refusal comes before, while and after the watch ends.
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds{i};
    while (std::chrono::steady_clock::now() < until) continue;
  }
  auto dealer = make_dealer(context);
  connect_dealer(dealer, endpoint.substr(std::string("tcp://").size()));
  peers::send(dealer, {"hello"});
  router.set(zmq::sockopt::rcvtimeo, 10'000);
  ASSERT_EQ(peers::receive(router).size(), 2u);
}

}  // namespace
}  // namespace dti
