#include "transport/zeromq/endpoint.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "dti/transport/zeromq/host_port.hpp"
#include "transport/zeromq/frames.hpp"
#include "unit/transport/bound_router.hpp"
#include "unit/transport/few_descriptors.hpp"
#include "unit/transport/peers.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kFrameBytesMax = std::size_t{1024} * 1024;

class EndpointTest : public testing::Test {
 protected:
  zmq::socket_t connect() {
    auto peer = peers::make_peer(context_, zmq::socket_type::dealer);
    peer.connect(endpoint_.address());
    return peer;
  }
  std::string receive() {
    endpoint_.router().set(zmq::sockopt::rcvtimeo, 10'000);
    return peers::receive(endpoint_.router()).back();
  }
  void close_and_bind_again() {
    endpoint_.close(now_);
    while (!endpoint_.is_bound()) {
      now_ = *endpoint_.wake_at();
      endpoint_.bind_again(now_);
    }
  }

  zmq::context_t context_;
  Endpoint endpoint_{{{"127.0.0.1", 0}}, kFrameBytesMax, true};
  SteadyTime now_{1h};
};

TEST_F(EndpointTest, IsReachedAtTheSameAddressByThoseWhoWereConnectedBefore) {
  auto peer = connect();
  peers::send(peer, {"before"});
  EXPECT_EQ(receive(), "before");
  const auto address = endpoint_.address();
  for (std::uint64_t times = 1; times <= 3; ++times) {
    close_and_bind_again();
    EXPECT_EQ(endpoint_.address(), address);
    EXPECT_EQ(endpoint_.times_closed(), times);
    EXPECT_EQ(endpoint_.router().get(zmq::sockopt::last_endpoint), address);
    // What is sent while the peer has not noticed yet is lost with the old connection.
    auto& router = endpoint_.router();
    router.set(zmq::sockopt::rcvtimeo, 50);
    zmq::message_t frame;
    for (int tries = 0; tries < 200; ++tries) {
      peers::send(peer, {"again"});
      if (router.recv(frame)) break;
    }
    ASSERT_TRUE(frame.more());
    ASSERT_TRUE(router.recv(frame));
    EXPECT_EQ(frame.to_string(), "again");
    while (receive_frames(router, 2)) continue;
  }
}

TEST_F(EndpointTest, HasNoRepliesLeftOfThoseWhoWereConnectedBefore) {
  auto peer = peers::make_peer(context_, zmq::socket_type::dealer);
  peer.set(zmq::sockopt::rcvhwm, 1);
  peer.connect(endpoint_.address());
  peers::send(peer, {"hello"});
  endpoint_.router().set(zmq::sockopt::rcvtimeo, 10'000);
  const auto id = peers::receive(endpoint_.router()).front();
  constexpr std::uint64_t kReplies = 100;
  for (std::uint64_t i = 0; i < kReplies; ++i) {
    std::vector<zmq::message_t> frames;
    frames.emplace_back(id.data(), id.size());
    frames.emplace_back(std::size_t{1024} * 1024);
    endpoint_.outbox().send(std::move(frames), now_);
  }
  // Until the kernel's buffers are full as well, ZeroMQ may have passed on all that it was given.
  for (int tries = 0; tries < 500 && endpoint_.outbox().sent_bytes() == 0; ++tries) {
    endpoint_.outbox().retry(endpoint_.outbox().wake_at().value());
    ::poll(nullptr, 0, 1);
  }
  EXPECT_GT(endpoint_.outbox().sent_bytes(), 0U);
  ASSERT_TRUE(endpoint_.outbox().wake_at());
  close_and_bind_again();
  EXPECT_EQ(endpoint_.outbox().sent_bytes(), 0U);
  EXPECT_FALSE(endpoint_.outbox().wake_at());
  EXPECT_GT(endpoint_.outbox().dropped(), kReplies / 2);
}

bool is_refused(const std::string& address) {
  const int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in there{};
  there.sin_family = AF_INET;
  there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  there.sin_port = htons(port_of(address));
  const bool refused = ::connect(peer, reinterpret_cast<sockaddr*>(&there), sizeof there) != 0 && errno == ECONNREFUSED;
  close(peer);
  return refused;
}

TEST_F(EndpointTest, IsReachedByNobodyWhileItIsParkedAndKeepsItsPort) {
  for (int times = 0; times < 3; ++times) {
    endpoint_.park();
    EXPECT_TRUE(endpoint_.is_parked());
    EXPECT_FALSE(endpoint_.is_bound());
    EXPECT_FALSE(endpoint_.wake_at());
    EXPECT_TRUE(is_refused(endpoint_.address()));
    EXPECT_THROW((void)bound_router(context_, "127.0.0.1", port_of(endpoint_.address()), kFrameBytesMax),
                 std::runtime_error);
    endpoint_.listen(now_);
    EXPECT_FALSE(endpoint_.is_parked());
    ASSERT_TRUE(endpoint_.is_bound());
    EXPECT_THROW((void)bound_router(context_, "127.0.0.1", port_of(endpoint_.address()), kFrameBytesMax),
                 std::runtime_error);
    auto peer = connect();
    peers::send(peer, {"hello"});
    EXPECT_EQ(receive(), "hello");
  }
}

TEST_F(EndpointTest, AllItsAddressesCanBeParked) {
  for (const auto* const host : {"*", "0.0.0.0", "localhost", "lo", "::1", "[::]"}) {
    SCOPED_TRACE(host);
    std::optional<Endpoint> endpoint;
    try {
      endpoint.emplace(std::vector<ListenAt>{{host, 0}}, kFrameBytesMax, true);
    } catch (const std::runtime_error&) {
      continue;  // this machine has no IPv6
    }
    endpoint->park();
    endpoint->listen(now_);
    EXPECT_TRUE(endpoint->is_bound());
  }
}

TEST_F(EndpointTest, HandsItsRepliesOverBeforeItIsParked) {
  auto peer = connect();
  peers::send(peer, {"hello"});
  endpoint_.router().set(zmq::sockopt::rcvtimeo, 10'000);
  const auto id = peers::receive(endpoint_.router()).front();
  constexpr int kReplies = 100;
  for (int i = 0; i < kReplies; ++i) {
    std::vector<zmq::message_t> frames;
    frames.emplace_back(id.data(), id.size());
    frames.emplace_back(std::size_t{1024});
    endpoint_.outbox().send(std::move(frames), now_);
  }
  endpoint_.park();
  for (int i = 0; i < kReplies; ++i) EXPECT_EQ(peers::receive(peer).size(), 1U);
}

TEST_F(EndpointTest, WaitsForItsPortAndGivesUpInTheEnd) {
  endpoint_.close(now_);
  zmq::socket_t other = bound_router(context_, "127.0.0.1", port_of(endpoint_.address()), kFrameBytesMax);
  const auto deadline = now_ + Endpoint::kBindTime;
  for (; now_ < deadline; now_ = *endpoint_.wake_at()) {
    endpoint_.bind_again(now_);
    ASSERT_FALSE(endpoint_.is_bound());
    ASSERT_EQ(endpoint_.wake_at(), now_ + Endpoint::kBindRetryInterval);
  }
  EXPECT_THROW(endpoint_.bind_again(now_), std::runtime_error);
}

TEST_F(EndpointTest, TriesAgainWhenNoDescriptorIsLeft) {
  if (!kCanLackDescriptors) GTEST_SKIP() << kNeedsDescriptors;
  endpoint_.close(now_);
  {
    const FewDescriptors none{0};
    endpoint_.bind_again(now_);
    EXPECT_FALSE(endpoint_.is_bound());
    EXPECT_EQ(endpoint_.wake_at(), now_ + Endpoint::kBindRetryInterval);
  }
  endpoint_.bind_again(*endpoint_.wake_at());
  EXPECT_TRUE(endpoint_.is_bound());
}

TEST_F(EndpointTest, TakesItsPortOnceThatIsFree) {
  endpoint_.close(now_);
  {
    zmq::context_t others;
    zmq::socket_t other = bound_router(others, "127.0.0.1", port_of(endpoint_.address()), kFrameBytesMax);
    endpoint_.bind_again(now_);
    EXPECT_FALSE(endpoint_.is_bound());
  }
  endpoint_.bind_again(*endpoint_.wake_at());
  EXPECT_TRUE(endpoint_.is_bound());
  EXPECT_FALSE(endpoint_.wake_at());
  auto peer = connect();
  peers::send(peer, {"hello"});
  EXPECT_EQ(receive(), "hello");
}

}  // namespace
}  // namespace dti
