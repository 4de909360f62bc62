#include "dti/transport/office/office_client.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>
#include <variant>

#include "dti/protocol/room_codec.hpp"
#include "unit/transport/peers.hpp"

namespace dti {
namespace {

class OfficeClientTest : public ::testing::Test {
 protected:
  /// What the client makes of a faculty that answers a command as a request for rooms.
  std::variant<OfficeAnswer, NoOfficeReply> ask_faculty_that_answers(const RoomAnswer& answer) {
    peers::ScriptedRouter faculty{context_};
    auto result = std::async(std::launch::async, [&] {
      OfficeClient client{{.servers = {faculty.host_port}, .timeout = std::chrono::seconds{60}, .asks_faculty = true}};
      OfficeMessage message;
      message.command.semester = "2025-10";
      message.command.id = "once";
      message.command.expects = 2;
      message.command.change = ReleaseGrant{{"", "Derecho Civil"}};
      return client.ask(message, stop_);
    });
    auto frames = peers::receive(faculty.socket);
    if (!frames.empty()) {
      frames.back() = encode_room_answer(answer);
      peers::send(faculty.socket, frames);
    }
    return result.get();
  }

  StopSignals stop_;  // before any thread
  zmq::context_t context_;
};

TEST_F(OfficeClientTest, AFacultyThatReadsACommandAsARequestIsOfAnEarlierVersion) {
  const auto result = ask_faculty_that_answers({.status = Status::kInvalidRequest, .grant = {}, .detail = "no name"});
  const auto* const none = std::get_if<NoOfficeReply>(&result);
  ASSERT_NE(none, nullptr);
  EXPECT_NE(none->reason.find("a faculty of an earlier version"), std::string::npos) << none->reason;
  EXPECT_FALSE(none->may_be_done);
}

TEST_F(OfficeClientTest, AFacultyThatRefusesTheKeyHasAnsweredTheCommand) {
  const auto result = ask_faculty_that_answers({.status = Status::kUnauthorized, .grant = {}, .detail = "not here"});
  const auto* const answer = std::get_if<OfficeAnswer>(&result);
  ASSERT_NE(answer, nullptr);
  ASSERT_TRUE(answer->reply.outcome.error);
  EXPECT_EQ(answer->reply.outcome.error->status, Status::kUnauthorized);
  EXPECT_EQ(answer->reply.outcome.error->detail, "not here");
  EXPECT_EQ(answer->reply.command_id, "once");
  EXPECT_FALSE(answer->reply.has_facts);
  EXPECT_FALSE(answer->has_other_copy);
}

}  // namespace
}  // namespace dti
