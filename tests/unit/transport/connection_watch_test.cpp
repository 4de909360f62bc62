#include "transport/zeromq/connection_watch.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <zmq.hpp>

#include "unit/transport/bound_router.hpp"
#include "unit/transport/peers.hpp"

namespace dti {
namespace {

constexpr std::size_t kFrameBytesMax = std::size_t{1024} * 1024;

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
  auto dealer = make_dealer(context, kFrameBytesMax);
  ConnectionWatch watch{context, dealer};
  connect_dealer(dealer, "127.0.0.1:1");
  EXPECT_EQ(next_events(watch, 1), std::vector{ConnectionEvent::kNotConnected});
}

TEST(ConnectionWatchTest, TellsOfTheConnectionItsHandshakeAndItsEnd) {
  zmq::context_t servers;
  auto router = bound_router(servers, "127.0.0.1", 0, kFrameBytesMax);
  const std::string endpoint = router.get(zmq::sockopt::last_endpoint);
  zmq::context_t context;
  auto dealer = make_dealer(context, kFrameBytesMax);
  ConnectionWatch watch{context, dealer};
  connect_dealer(dealer, endpoint.substr(std::string("tcp://").size()));
  EXPECT_EQ(next_events(watch, 2), (std::vector{ConnectionEvent::kAccepted, ConnectionEvent::kReady}));
  router.close();
  EXPECT_EQ(next_events(watch, 1), std::vector{ConnectionEvent::kClosed});
}

TEST(ConnectionWatchTest, ItsEndIsNoEndOfOtherConnectionsWheneverItComes) {
  zmq::context_t servers;
  auto router = bound_router(servers, "127.0.0.1", 0, kFrameBytesMax);
  const std::string endpoint = router.get(zmq::sockopt::last_endpoint);
  zmq::context_t context;
  for (int i = 0; i < 400; ++i) {
    auto refused = make_dealer(context, kFrameBytesMax);
    const ConnectionWatch watch{context, refused};
    connect_dealer(refused, "127.0.0.1:1");
    // So that the refusal comes before, while and after the watch ends.
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds{i};
    while (std::chrono::steady_clock::now() < until) continue;
  }
  auto dealer = make_dealer(context, kFrameBytesMax);
  connect_dealer(dealer, endpoint.substr(std::string("tcp://").size()));
  peers::send(dealer, {"hello"});
  router.set(zmq::sockopt::rcvtimeo, 10'000);
  ASSERT_EQ(peers::receive(router).size(), 2u);
}

}  // namespace
}  // namespace dti
