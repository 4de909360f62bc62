#include "dti/transport/zeromq/router_port.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "unit/transport/peers.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;
using peers::Frames;

class RouterPortTest : public testing::Test {
 protected:
  zmq::socket_t connect() {
    auto peer = peers::make_peer(context_, zmq::socket_type::dealer);
    peer.connect(port_.address());
    return peer;
  }
  PeerMessage receive() {
    for (;;) {
      if (auto message = port_.receive()) return *message;
      PollItem items[] = {port_.poll_item()};
      wait_for(items, std::nullopt);
    }
  }
  /// The reply to a message that comes from a peer and is then gone.
  void drop_a_reply() {
    {
      auto peer = connect();
      peers::send(peer, {"ask"});
      lost_ = receive().token;
    }
    port_.close(now_);
    while (!port_.is_bound()) port_.listen_again(now_ = *port_.wake_at());
    port_.reply(lost_, "lost", now_);
  }

  zmq::context_t context_;
  std::vector<LogEvent> log_;
  RouterPort port_{{.listen_at = {{"127.0.0.1", 0}},
                    .frame_bytes_max = 1'000,
                    .counts_peers = true,
                    .dropped = {LogLevel::kWarning, "reply-dropped", "it has gone", {}}},
                   [this](const LogEvent& event) { log_.push_back(event); }};
  SteadyTime now_{1h};
  Token lost_ = 0;
};

TEST_F(RouterPortTest, AReplyLeavesInTheEnvelopeOfItsMessage) {
  auto peer = connect();
  const std::vector<std::pair<Frames, Frames>> envelopes = {{{}, {}}, {{}, {"cid"}}, {{""}, {}}, {{"4byt", ""}, {"a"}}};
  for (const auto& [before, after] : envelopes) {
    const auto around = [&before = before, &after = after](const std::string& body) {
      Frames frames = before;
      frames.push_back(body);
      frames.insert(frames.end(), after.begin(), after.end());
      return frames;
    };
    peers::send(peer, around("ask"));
    const auto message = receive();
    EXPECT_EQ(message.body, "ask");
    EXPECT_FALSE(message.is_too_long);
    port_.reply(message.token, "answer", now_);
    EXPECT_EQ(peers::receive(peer), around("answer"));
  }
}

TEST_F(RouterPortTest, MessagesAreAnsweredInAnyOrder) {
  auto one = connect();
  auto other = connect();
  peers::send(one, {"one"});
  const auto first = receive().token;
  peers::send(other, {"other"});
  const auto second = receive().token;
  EXPECT_EQ(port_.waiting_count(), 2U);
  port_.reply(second, "to other", now_);
  port_.reply(first, "to one", now_);
  EXPECT_EQ(peers::receive(one), (Frames{"to one"}));
  EXPECT_EQ(peers::receive(other), (Frames{"to other"}));
  EXPECT_EQ(port_.waiting_count(), 0U);
}

TEST_F(RouterPortTest, AMessageOfTooManyFramesHasNoBodyAndIsAnsweredInAnEmptyEnvelope) {
  auto peer = connect();
  peers::send(peer, Frames(RouterPort::kFramesMax + 1, "x"));
  const auto message = receive();
  EXPECT_TRUE(message.is_too_long);
  EXPECT_EQ(port_.waiting_bytes(), message.peer.size());
  port_.reply(message.token, "refused", now_);
  EXPECT_EQ(peers::receive(peer), (Frames{"refused"}));
}

TEST_F(RouterPortTest, CountsTheBytesOfAMessageAndOfTheEnvelopesThatWait) {
  auto peer = connect();
  peers::send(peer, {"1234", "", "body", "123"});
  const auto message = receive();
  EXPECT_EQ(message.bytes, message.peer.size() + 4 + 4 + 3);
  EXPECT_EQ(port_.waiting_bytes(), message.peer.size() + 4 + 3);
  peers::send(peer, {"12", "", "body"});
  const auto other = receive().token;
  port_.reply(message.token, "", now_);
  port_.forget(other);
  EXPECT_EQ(port_.waiting_bytes(), 0U);
  EXPECT_EQ(port_.waiting_count(), 0U);
}

TEST_F(RouterPortTest, AReplyToAConnectionThatWasClosedIsDropped) {
  drop_a_reply();
  EXPECT_EQ(port_.dropped(), 1U);
  EXPECT_EQ(port_.drops(), (Drops{0, 0, 1}));
  EXPECT_EQ(port_.times_closed(), 1U);
}

TEST_F(RouterPortTest, LogsDroppedRepliesOnceASecondWithTheirNumber) {
  const auto dropped_in_all = [this] { return log_.back().fields.at(0).second; };
  port_.retry(now_);
  EXPECT_TRUE(log_.empty());
  drop_a_reply();
  port_.retry(now_);
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_EQ(log_[0].event, "reply-dropped");
  EXPECT_EQ(log_[0].fields.at(0).first, "dropped-in-all");
  EXPECT_EQ(dropped_in_all(), "1");
  const auto logged_at = now_;
  drop_a_reply();
  drop_a_reply();
  port_.retry(logged_at + 999ms);
  EXPECT_EQ(log_.size(), 1U);
  EXPECT_EQ(port_.wake_at(), logged_at + 1s);
  port_.retry(logged_at + 1s);
  ASSERT_EQ(log_.size(), 2U);
  EXPECT_EQ(dropped_in_all(), "3");
  EXPECT_EQ(port_.wake_at(), std::nullopt);
  port_.retry(logged_at + 10s);
  EXPECT_EQ(log_.size(), 2U);
}

TEST_F(RouterPortTest, AMessageWithoutABodyIsAMessageAsAnyOther) {
  auto peer = peers::make_peer(context_, zmq::socket_type::dealer);
  peer.set(zmq::sockopt::probe_router, true);  // libzmq sends an empty message at the beginning of the connection
  peer.connect(port_.address());
  peers::send(peer, {"ask"});
  const auto first = receive();
  EXPECT_EQ(first.body, "");
  EXPECT_FALSE(first.is_too_long);
  port_.reply(first.token, "malformed", now_);
  EXPECT_EQ(receive().body, "ask");
  EXPECT_EQ(peers::receive(peer), (Frames{"malformed"}));
}

TEST_F(RouterPortTest, CountsItsPeersAndNoneOnceItHasClosedTheirConnections) {
  const auto counts = [this](std::uint64_t wanted) {
    const auto give_up_at = std::chrono::steady_clock::now() + 60s;
    while (port_.count_peers() != wanted && std::chrono::steady_clock::now() < give_up_at) std::this_thread::yield();
    return port_.count_peers();
  };
  {
    std::vector<zmq::socket_t> peers;
    for (int i = 0; i < 3; ++i) peers.push_back(connect());
    EXPECT_EQ(counts(3), 3U);
    peers.pop_back();
    EXPECT_EQ(counts(2), 2U);
    port_.close(now_);
    EXPECT_EQ(port_.count_peers(), 0U);
  }
  while (!port_.is_bound()) port_.listen_again(now_ += 20ms);
  auto peer = connect();
  EXPECT_EQ(counts(1), 1U);
}

TEST_F(RouterPortTest, CountsNoPeersIfItsOwnerDoesNotReadTheCount) {
  RouterPort port{{.listen_at = {{"127.0.0.1", 0}}, .frame_bytes_max = 1'000, .counts_peers = false, .dropped = {}},
                  [](const LogEvent&) {}};
  zmq::socket_t peer{context_, zmq::socket_type::dealer};
  peer.set(zmq::sockopt::linger, 0);
  peer.connect(port.address());
  peers::send(peer, {"ask"});
  while (!port.receive()) std::this_thread::yield();  // it is connected
  EXPECT_EQ(port.count_peers(), 0U);
}

using RouterPortDeathTest = RouterPortTest;

TEST_F(RouterPortDeathTest, ASecondReplyToAMessageIsABug) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  auto peer = connect();
  peers::send(peer, {"ask"});
  const auto token = receive().token;
  port_.reply(token, "answer", now_);
  EXPECT_DEATH(port_.reply(token, "again", now_), "");
}

/// A port with limits for this machine too, and its peers.
class LimitedPort : public testing::Test {
 protected:
  zmq::socket_t connect() {
    auto peer = peers::make_peer(context_, zmq::socket_type::dealer);
    peer.set(zmq::sockopt::reconnect_ivl, -1);
    peer.set(zmq::sockopt::rcvtimeo, 10'000);
    peer.connect(port_.address());
    return peer;
  }
  /// Turns until a message comes; none if the number of refused connections reaches `refused` before.
  std::optional<PeerMessage> receive(std::uint64_t refused = ~std::uint64_t{0}) {
    for (const auto until = std::chrono::steady_clock::now() + 10s; std::chrono::steady_clock::now() < until;) {
      port_.retry(std::chrono::steady_clock::now());
      if (auto message = port_.receive()) return message;
      if (count(Refusal::kAddressFull) + count(Refusal::kFull) >= refused) return std::nullopt;
      PollItem items[] = {port_.poll_item()};
      wait_for(items, std::chrono::steady_clock::now() + 5ms);
    }
    ADD_FAILURE() << "no message came";
    return std::nullopt;
  }
  /// The peer asks, and gets an answer.
  void serve(zmq::socket_t& peer) {
    peers::send(peer, {"ask"});
    const auto message = receive();
    ASSERT_TRUE(message);
    port_.reply(message->token, "answer", std::chrono::steady_clock::now());
    EXPECT_EQ(peers::receive(peer), (Frames{"answer"}));
  }
  void wait_for_connections(std::uint64_t count) {
    for (const auto until = std::chrono::steady_clock::now() + 10s; port_.count_peers() != count;) {
      ASSERT_LT(std::chrono::steady_clock::now(), until);
      std::this_thread::yield();
    }
  }
  [[nodiscard]] std::uint64_t count(Refusal refusal) const {
    return port_.refusals()[static_cast<std::size_t>(refusal)];
  }
  [[nodiscard]] std::size_t logged(const std::string& event) const {
    return static_cast<std::size_t>(
        std::count_if(log_.begin(), log_.end(), [&](const LogEvent& entry) { return entry.event == event; }));
  }

  zmq::context_t context_;
  std::vector<LogEvent> log_;
  RouterPort port_{
      {.listen_at = {{"127.0.0.1", 0}},
       .frame_bytes_max = 1'000'000,
       .counts_peers = true,
       .dropped = {LogLevel::kWarning, "reply-dropped", "it has gone", {}},
       .lock = {},
       .limits = {.connections_max = 3, .connections_per_address = 2, .messages_per_second = 0, .are_for_local = true}},
      [this](const LogEvent& event) { log_.push_back(event); }};
};

TEST_F(LimitedPort, ClosesTheNewestConnectionOfAnAddressThatHasTooMany) {
  auto one = connect();
  serve(one);
  auto other = connect();
  serve(other);
  auto refused = connect();
  EXPECT_FALSE(receive(1));
  wait_for_connections(2);
  serve(one);
  serve(other);
  EXPECT_EQ(count(Refusal::kAddressFull), 1U);
  EXPECT_EQ(logged("connections-refused"), 1U);
}

TEST_F(LimitedPort, HasPlaceAgainWhenAConnectionHasEnded) {
  auto one = connect();
  serve(one);
  {
    auto other = connect();
    serve(other);
  }
  wait_for_connections(1);
  auto next = connect();
  serve(next);
  EXPECT_EQ(count(Refusal::kAddressFull), 0U);
}

TEST_F(LimitedPort, KeepsItsConnectionsUnderASmallerLimitAndTakesMoreUnderALargerOne) {
  auto one = connect();
  serve(one);
  auto other = connect();
  serve(other);
  port_.change_limits({.connections_max = 1, .are_for_local = true});
  auto refused = connect();
  EXPECT_FALSE(receive(1));
  EXPECT_EQ(count(Refusal::kFull), 1U);
  serve(one);
  serve(other);
  port_.change_limits({.connections_max = 3, .are_for_local = true});
  wait_for_connections(2);
  auto next = connect();
  serve(next);
}

TEST_F(LimitedPort, CountsTheConnectionsOfItsNewSocketAfterItWasClosed) {
  auto one = connect();
  serve(one);
  auto other = connect();
  serve(other);
  port_.close(std::chrono::steady_clock::now());
  while (!port_.is_bound()) port_.listen_again(std::chrono::steady_clock::now());
  auto next = connect();
  serve(next);
  auto last = connect();
  serve(last);
  auto refused = connect();
  EXPECT_FALSE(receive(1));
}

TEST_F(LimitedPort, SaysWhenAPeerMayRepeatAMessageThatIsOneTooManyAndThatIsNotAtOnce) {
  port_.change_limits({.messages_per_second = 2, .are_for_local = true});
  auto peer = connect();
  constexpr int kMessages = 2 * 10 + 5;
  for (int i = 0; i < kMessages; ++i) peers::send(peer, {"ask"});
  int refused = 0;
  for (int i = 0; i < kMessages; ++i) {
    const auto message = receive();
    ASSERT_TRUE(message);
    if (message->retry_after.count() == 0) continue;
    ++refused;
    EXPECT_GE(message->retry_after, 100ms);
    EXPECT_LE(message->retry_after, 500ms * (1 + refused));
  }
  EXPECT_GT(refused, 0);
  EXPECT_EQ(count(Refusal::kTooMany), static_cast<std::uint64_t>(refused));
  EXPECT_EQ(logged("messages-refused"), 1U);
}

TEST_F(LimitedPort, ClosesTheConnectionOfAFloodAndServesTheOthers) {
  auto peer = connect();
  serve(peer);
  port_.change_limits({.messages_per_second = 1, .are_for_local = true});
  constexpr int kPassOrAreRefused = 2 * 10;
  for (int i = 0; i < kPassOrAreRefused + 5; ++i) peers::send(peer, {"ask"});
  for (int i = 0; i < kPassOrAreRefused; ++i) ASSERT_TRUE(receive());
  wait_for_connections(1);
  for (const auto until = std::chrono::steady_clock::now() + 10s; port_.count_peers() > 0;) {
    ASSERT_LT(std::chrono::steady_clock::now(), until);
    EXPECT_FALSE(port_.receive());
  }
  EXPECT_GT(count(Refusal::kFlood), 0U);
  EXPECT_EQ(logged("flood-closed"), 1U);
  port_.change_limits({.are_for_local = true});
  auto other = connect();
  serve(other);
}

}  // namespace
}  // namespace dti
