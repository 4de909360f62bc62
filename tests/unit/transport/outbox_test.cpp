#include "transport/zeromq/outbox.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dti/service/pipeline/commit_pipeline.hpp"
#include "transport/zeromq/frames.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;

/// A ROUTER that sends this number of replies to a peer that does not read.
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
  void send_bytes(const std::string& to, std::size_t bytes) {
    std::vector<zmq::message_t> frames;
    frames.emplace_back(to.data(), to.size());
    frames.emplace_back(bytes);
    outbox_.send(std::move(frames), now_);
  }
  void connect_another() {
    another_.set(zmq::sockopt::routing_id, "another");
    another_.set(zmq::sockopt::rcvhwm, 1);
    another_.set(zmq::sockopt::linger, 0);
    another_.connect("inproc://outbox");
    another_.send(zmq::str_buffer("hello"));
    zmq::message_t frame;
    ASSERT_TRUE(router_.recv(frame) && router_.recv(frame));
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
  zmq::socket_t another_{context_, zmq::socket_type::dealer};
  Outbox outbox_{router_};
  SteadyTime now_{SteadyTime{} + 1h};
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
  EXPECT_EQ(outbox_.drops(), (Drops{1, 0, 0})) << "that peer is not there";
}

TEST_F(SlowPeer, IsNotKeptForBeyondTheBoundOfBytes) {
  constexpr std::size_t kReply = 8 * 1024 * 1024;
  for (std::size_t sent = 0; sent < Outbox::kKeptBytesMax; sent += kReply) send_bytes("peer", kReply);
  EXPECT_GT(outbox_.drops()[static_cast<std::size_t>(DropReason::kNotRead)], 0U);
  EXPECT_EQ(outbox_.dropped(), outbox_.drops()[static_cast<std::size_t>(DropReason::kNotRead)]);
}

TEST_F(SlowPeer, LosesNothingWhenAllThatMayWaitIsAnsweredAtOnce) {
  constexpr std::size_t kReply = 16 * 1024;
  const auto replies = 4 * PipelineOptions{}.bytes_max / 3;  // they are a third longer than their requests
  for (std::size_t sent = 0; sent < replies; sent += kReply) send_bytes("peer", kReply);
  EXPECT_EQ(outbox_.dropped(), 0U);
}

TEST_F(SlowPeer, HasOnlyHalfOfWhatIsKept) {
  constexpr std::size_t kReply = 1024 * 1024;
  constexpr auto kReplies = Outbox::kKeptBytesMax / kReply;
  for (std::size_t i = 0; i < kReplies; ++i) send_bytes("peer", kReply);
  const auto dropped = outbox_.dropped();
  EXPECT_GT(dropped, kReplies - kReplies / 2 - Outbox::kSentBytesOfPeerMax / kReply);
  connect_another();
  for (int i = 0; i < 10; ++i) send_bytes("another", kReply);
  EXPECT_EQ(outbox_.dropped(), dropped) << "the other one's replies have room";
}

TEST_F(SlowPeer, HasItsRepliesDroppedWithTheSocket) {
  for (int i = 0; i < 100; ++i) send(i);
  outbox_.drop_all();
  EXPECT_FALSE(outbox_.wake_at());
  EXPECT_GT(outbox_.drops()[static_cast<std::size_t>(DropReason::kClosed)], 80U);
}

/// A ROUTER without a limit of messages, and peers that do not read.
class ManyBytes : public testing::Test {
 protected:
  void SetUp() override {
    router_.set(zmq::sockopt::router_mandatory, true);
    router_.set(zmq::sockopt::sndhwm, 0);
    router_.set(zmq::sockopt::linger, 0);
    router_.bind("inproc://bytes");
  }
  void connect(const std::string& id) {
    auto& peer = peers_.emplace_back(context_, zmq::socket_type::dealer);
    peer.set(zmq::sockopt::routing_id, id);
    peer.set(zmq::sockopt::rcvhwm, 0);
    peer.set(zmq::sockopt::linger, 0);
    peer.connect("inproc://bytes");
    peer.send(zmq::str_buffer("hello"));
    zmq::message_t frame;
    ASSERT_TRUE(router_.recv(frame) && router_.recv(frame));
  }
  void send(const std::string& to, std::size_t bytes) {
    std::vector<zmq::message_t> frames;
    frames.emplace_back(to.data(), to.size());
    frames.emplace_back(bytes);
    outbox_.send(std::move(frames), now_);
  }
  std::size_t read_all(zmq::socket_t& peer) {
    std::size_t count = 0;
    while (receive_frames(peer, 1)) ++count;
    return count;
  }

  zmq::context_t context_;
  zmq::socket_t router_{context_, zmq::socket_type::router};
  std::vector<zmq::socket_t> peers_;
  Outbox outbox_{router_};
  SteadyTime now_{SteadyTime{} + 1h};
};

TEST_F(ManyBytes, OfOnePeerAreBoundedHoweverFewItsReplies) {
  connect("peer");
  for (int i = 0; i < 100; ++i) send("peer", 1024 * 1024);
  EXPECT_LE(outbox_.sent_bytes(), Outbox::kSentBytesOfPeerMax);
  EXPECT_GT(outbox_.sent_bytes(), Outbox::kSentBytesOfPeerMax / 2);
}

TEST_F(ManyBytes, OfAllPeersAreBoundedAndLeaveRoomForOneMore) {
  for (int peer = 0; peer < 200; ++peer) {
    connect(std::to_string(peer));
    for (int i = 0; i < 100; ++i) send(std::to_string(peer), 64 * 1024);
  }
  EXPECT_LE(outbox_.sent_bytes(), Outbox::kSentBytesMax);
  connect("one more");
  for (int i = 0; i < 10; ++i) send("one more", 1024);
  EXPECT_EQ(read_all(peers_.back()), 10U);
}

TEST_F(ManyBytes, AreChargedUntilThePeerHasTakenThem) {
  connect("peer");
  for (int turn = 0; turn < 3; ++turn) {
    for (int i = 0; i < 10; ++i) send("peer", 1024);
    EXPECT_GT(outbox_.sent_bytes(), 10U * 1024);
    EXPECT_EQ(read_all(peers_[0]), 10U);
    EXPECT_EQ(outbox_.sent_bytes(), 0U);
  }
}

TEST_F(ManyBytes, AreGivenBackWhenThePeerLeaves) {
  connect("peer");
  for (int i = 0; i < 10; ++i) send("peer", 1024);
  EXPECT_GT(outbox_.sent_bytes(), 0U);
  peers_.clear();
  router_.close();
  context_.close();
  EXPECT_EQ(outbox_.sent_bytes(), 0U);
}

TEST_F(ManyBytes, OfAReplyLargerThanAPeersPartReachItWhenItHasNoOther) {
  connect("peer");
  constexpr std::size_t kLarge = Outbox::kSentBytesOfPeerMax + 1;
  for (int i = 0; i < 3; ++i) send("peer", kLarge);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(read_all(peers_[0]), 1U);
    now_ += 10ms;
    outbox_.retry(now_);
  }
  EXPECT_EQ(outbox_.dropped(), 0U);
}

}  // namespace
}  // namespace dti
