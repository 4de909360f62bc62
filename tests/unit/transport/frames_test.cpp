#include "transport/zeromq/frames.hpp"

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "unit/transport/peers.hpp"

namespace dti {
namespace {

using peers::Frames;

Frames texts(std::span<const zmq::message_t> frames) {
  Frames texts;
  for (const auto view : frame_views(frames)) texts.emplace_back(view);
  return texts;
}

class FramesTest : public ::testing::Test {
 protected:
  FramesTest() {
    router_.socket.set(zmq::sockopt::router_mandatory, true);
    dealer_.connect("tcp://" + router_.host_port);
  }
  void wait_for_message() {
    zmq::pollitem_t item{router_.socket.handle(), 0, ZMQ_POLLIN, 0};
    ASSERT_EQ(zmq::poll(&item, 1, std::chrono::seconds{60}), 1);
  }

  zmq::context_t context_;
  peers::ScriptedRouter router_{context_};
  zmq::socket_t dealer_ = peers::make_peer(context_, zmq::socket_type::dealer);
};

TEST_F(FramesTest, NothingIsReceivedWhereNothingWaits) { EXPECT_FALSE(receive_frames(router_.socket, 4)); }

TEST_F(FramesTest, AMessageIsReceivedWholeAndTheNextOneAfterIt) {
  peers::send(dealer_, {"", "body", "after"});
  peers::send(dealer_, {"second"});
  wait_for_message();
  const auto first = receive_frames(router_.socket, 8);
  ASSERT_TRUE(first);
  ASSERT_EQ(first->size(), 4u);
  EXPECT_EQ(texts(std::span(*first).subspan(1)), (Frames{"", "body", "after"}));
  wait_for_message();
  const auto second = receive_frames(router_.socket, 8);
  ASSERT_TRUE(second);
  EXPECT_EQ(texts(std::span(*second).subspan(1)), (Frames{"second"}));
}

TEST_F(FramesTest, FramesOverTheBoundAreLetGoAndTheNextMessageIsIntact) {
  peers::send(dealer_, Frames(1'000, "x"));
  peers::send(dealer_, {"second"});
  wait_for_message();
  const auto first = receive_frames(router_.socket, 6);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->size(), 6u);
  wait_for_message();
  const auto second = receive_frames(router_.socket, 6);
  ASSERT_TRUE(second);
  EXPECT_EQ(texts(std::span(*second).subspan(1)), (Frames{"second"}));
}

TEST_F(FramesTest, AReplyReachesThePeerThatAsked) {
  peers::send(dealer_, {"ask"});
  wait_for_message();
  const auto asked = receive_frames(router_.socket, 2);
  ASSERT_TRUE(asked);
  const std::string_view reply[] = {frame_views(*asked)[0], "", "answer"};
  EXPECT_EQ(send_frames(router_.socket, reply), SendResult::kSent);
  EXPECT_EQ(peers::receive(dealer_), (Frames{"", "answer"}));
}

TEST_F(FramesTest, AReplyToNobodyIsReportedAndDoesNotSpoilTheNext) {
  peers::send(dealer_, {"ask"});
  wait_for_message();
  const auto asked = receive_frames(router_.socket, 2);
  ASSERT_TRUE(asked);
  const std::string_view lost[] = {"nobody", "", "lost"};
  EXPECT_EQ(send_frames(router_.socket, lost), SendResult::kPeerGone);
  const std::string_view reply[] = {frame_views(*asked)[0], "answer"};
  EXPECT_EQ(send_frames(router_.socket, reply), SendResult::kSent);
  EXPECT_EQ(peers::receive(dealer_), (Frames{"answer"}));
}

TEST_F(FramesTest, APeerThatTakesNothingIsReportedAsFull) {
  auto stuck = peers::make_peer(context_, zmq::socket_type::dealer);
  stuck.set(zmq::sockopt::immediate, true);  // nothing is queued before there is a connection, and there will be none
  stuck.connect("tcp://127.0.0.1:1");
  const std::string_view message[] = {"", "body"};
  EXPECT_EQ(send_frames(stuck, message), SendResult::kPeerFull);
}

}  // namespace
}  // namespace dti
