#include "dti/transport/program/program_client.hpp"

#include <unistd.h>

#include <csignal>
#include <future>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "dti/protocol/room_codec.hpp"
#include "unit/transport/peers.hpp"

namespace dti {
namespace {

using peers::Frames;
using namespace std::chrono_literals;
using Outcome = std::variant<FacultyAnswer, NoAnswer>;

const RoomRequest kRequest{.program_name = "derecho-civil", .semester = "2025-10", .want = {7, 2}, .client_id = {}};
const RoomAnswer kAnswer{.status = Status::kOk, .grant = {7, 1, 1}, .detail = ""};

class ProgramClientTest : public ::testing::Test {
 protected:
  std::future<Outcome> ask() {
    return std::async(std::launch::async, [this] {
      return ask_faculty({.faculty_server = faculty_.host_port, .timeout = 10s}, kRequest, stop_);
    });
  }

  StopSignals stop_;  // before any thread
  zmq::context_t context_;
  peers::ScriptedRouter faculty_{context_};
};

TEST_F(ProgramClientTest, TheRequestStandsBehindADelimiterAsARequestSocketSendsIt) {
  auto outcome = ask();
  const auto frames = peers::receive(faculty_.socket);
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[1], "");
  const auto decoded = decode_room_request(frames[2]);
  ASSERT_TRUE(std::holds_alternative<RoomRequest>(decoded));
  EXPECT_EQ(std::get<RoomRequest>(decoded), kRequest);
  peers::send(faculty_.socket, {frames[0], "", encode_room_answer(kAnswer)});
  EXPECT_EQ(std::get<FacultyAnswer>(outcome.get()).answer, kAnswer);
}

TEST_F(ProgramClientTest, AnAnswerIsTakenWithAndWithoutADelimiterAndAfterWhatIsNone) {
  const auto body = encode_room_answer(kAnswer);
  const std::vector<Frames> scripts[] = {
      {{"", body}},
      {{body}},
      {{""}, {"not JSON"}, {"", "[1]"}, {"{}"}, {"a", "b", "c", "d", "e", "f"}, {"", body}},
  };
  for (const auto& script : scripts) {
    auto outcome = ask();
    const auto asked = peers::receive(faculty_.socket);
    ASSERT_EQ(asked.size(), 3u);
    for (const auto& message : script) {
      Frames frames{asked[0]};
      frames.insert(frames.end(), message.begin(), message.end());
      peers::send(faculty_.socket, frames);
    }
    EXPECT_EQ(std::get<FacultyAnswer>(outcome.get()).answer, kAnswer);
  }
}

TEST_F(ProgramClientTest, WithoutAnAnswerItGivesUpAtTheTimeout) {
  const auto outcome = ask_faculty({.faculty_server = faculty_.host_port, .timeout = 20ms}, kRequest, stop_);
  ASSERT_TRUE(std::holds_alternative<NoAnswer>(outcome));
  EXPECT_NE(std::get<NoAnswer>(outcome).reason.find("20 ms"), std::string::npos);
}

TEST_F(ProgramClientTest, AStopEndsTheWait) {
  auto outcome = ask();
  ASSERT_EQ(peers::receive(faculty_.socket).size(), 3u);
  kill(getpid(), SIGTERM);
  EXPECT_TRUE(std::holds_alternative<NoAnswer>(outcome.get()));
}

TEST_F(ProgramClientTest, AnAddressThatCannotBeOneIsSaid) {
  EXPECT_THROW((void)ask_faculty({.faculty_server = "no port", .timeout = 20ms}, kRequest, stop_), std::runtime_error);
}

}  // namespace
}  // namespace dti
