#include "transport/outbox.hpp"

#include <gtest/gtest.h>

#include <string>

#include "transport/frames.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;

/// A ROUTER whose peer takes so many replies before it has to read.
class SlowPeer : public testing::Test {
 protected:
  void SetUp() override {
    router_.set(zmq::sockopt::router_mandatory, true);
    router_.set(zmq::sockopt::sndhwm, 4);
    router_.set(zmq::sockopt::linger, 0);
    router_.bind("inproc://outbox");
    peer_.set(zmq::sockopt::routing_id, "peer");
    peer_.set(zmq::sockopt::rcvhwm, 4);
    peer_.set(zmq::sockopt::linger, 0);
    peer_.connect("inproc://outbox");
    peer_.send(zmq::str_buffer("hello"));
    zmq::message_t id;
    zmq::message_t hello;
    ASSERT_TRUE(router_.recv(id) && router_.recv(hello));
  }
  void send(int number, const std::string& to = "peer") {
    std::vector<zmq::message_t> frames;
    frames.emplace_back(to.data(), to.size());
    const auto body = std::to_string(number);
    frames.emplace_back(body.data(), body.size());
    outbox_.send(std::move(frames), now_);
  }
  std::optional<int> read() {
    // ZeroMQ looks at what the other end has read only now and then; asking for events makes it look.
    (void)router_.get(zmq::sockopt::events);
    (void)peer_.get(zmq::sockopt::events);
    const auto frames = receive_frames(peer_, 1);
    return frames ? std::optional{std::stoi(frames->front().to_string())} : std::nullopt;
  }

  zmq::context_t context_;
  zmq::socket_t router_{context_, zmq::socket_type::router};
  zmq::socket_t peer_{context_, zmq::socket_type::dealer};
  Outbox outbox_{router_};
  Outbox::Time now_{Outbox::Time{} + 1h};
};

TEST_F(SlowPeer, GetsEveryReplyInOrderOnceItReads) {
  constexpr int kReplies = 100;
  for (int i = 0; i < kReplies; ++i) send(i);
  ASSERT_TRUE(outbox_.wake_at()) << "the peer should have been full";
  int expected = 0;
  for (int tries = 0; tries < kReplies && expected < kReplies; ++tries) {
    while (const auto number = read()) EXPECT_EQ(*number, expected++);
    if (outbox_.wake_at()) now_ = *outbox_.wake_at();
    outbox_.retry(now_);
  }
  EXPECT_EQ(expected, kReplies);
  EXPECT_FALSE(outbox_.wake_at());
  EXPECT_EQ(outbox_.dropped(), 0U);
}

TEST_F(SlowPeer, LosesItsRepliesWhenItReadsNothingForLong) {
  for (int i = 0; i < 100; ++i) send(i);
  now_ += 4'999ms;
  outbox_.retry(now_);
  EXPECT_EQ(outbox_.dropped(), 0U);
  now_ += 5ms;
  outbox_.retry(now_);
  EXPECT_FALSE(outbox_.wake_at());
  EXPECT_GT(outbox_.dropped(), 80U);
}

TEST_F(SlowPeer, DoesNotHoldUpOthers) {
  for (int i = 0; i < 100; ++i) send(i);
  send(1, "nobody");
  EXPECT_EQ(outbox_.dropped(), 1U);
}

TEST_F(SlowPeer, IsNotKeptForBeyondTheBoundOfBytes) {
  for (int i = 0; i < 20; ++i) {
    std::vector<zmq::message_t> frames;
    frames.emplace_back("peer", 4);
    frames.emplace_back(std::size_t{8} * 1024 * 1024);
    outbox_.send(std::move(frames), now_);
  }
  EXPECT_GT(outbox_.dropped(), 0U);
}

}  // namespace
}  // namespace dti
