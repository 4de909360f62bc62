#include "dti/transport/faculty/faculty_node.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/room_codec.hpp"
#include "unit/transport/faculty_node_harness.hpp"
#include "unit/transport/few_descriptors.hpp"
#include "unit/transport/peers.hpp"

namespace dti {
namespace {

using namespace faculty_node_test;

// A port on which no socket listens, and which the system gives to no other socket that does not bind to its number.
class ReservedPort {
 public:
  ReservedPort() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    const int yes = 1;
    setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    host_port_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~ReservedPort() { close(socket_); }
  ReservedPort(const ReservedPort&) = delete;
  ReservedPort& operator=(const ReservedPort&) = delete;
  [[nodiscard]] const std::string& host_port() const { return host_port_; }

 private:
  int socket_;
  std::string host_port_;
};

TEST_F(FacultyNodeTest, PublishesWhatItHasDoneIfItsOwnerWantsThat) {
  auto options = options_for({server_.host_port, "127.0.0.1:1"});
  start(std::move(options));
  auto asking = program();
  send(asking, {"", room_request("civil")});
  (void)serve();
  (void)receive(asking);
  send(asking, {"", "{}"});
  (void)receive(asking);
  auto figures = node_->figures().newest();
  const auto malformed = [&] { return figures->answers[static_cast<std::size_t>(Status::kInvalidRequest)]; };
  const auto give_up_at = std::chrono::steady_clock::now() + 60s;
  while (malformed() == 0 && std::chrono::steady_clock::now() < give_up_at) figures = node_->figures().newest();
  EXPECT_EQ(malformed(), 1u);
  EXPECT_EQ(figures->answers[static_cast<std::size_t>(Status::kOk)], 1u);
  EXPECT_EQ(figures->counts.batches_answered, 1u);
  EXPECT_EQ(figures->counts.tries_sent, 1u);
  EXPECT_EQ(figures->peers, 1u);
  ASSERT_EQ(figures->servers.size(), 2u);
  EXPECT_EQ(figures->servers[0].address, server_.host_port);
  EXPECT_TRUE(figures->servers[0].is_connected);
  EXPECT_TRUE(figures->servers[0].is_in_use);
  EXPECT_FALSE(figures->servers[1].is_connected);
  EXPECT_FALSE(figures->servers[1].is_in_use);
}

TEST_F(FacultyNodeTest, AProgramIsAnsweredInTheEnvelopeOfItsRequest) {
  struct Case {
    Frames before;
    Frames after;
  };
  const Case cases[] = {{{}, {}}, {{""}, {}}, {{}, {"client"}}, {{"1234", ""}, {}}, {{"1234", ""}, {"client"}}};
  start(options_for({server_.host_port}));
  auto asking = program();
  for (const auto& test : cases) {
    const auto enclose = [&](const std::string& body) {
      Frames frames = test.before;
      frames.push_back(body);
      frames.insert(frames.end(), test.after.begin(), test.after.end());
      return frames;
    };
    send(asking, enclose(room_request("civil")));
    const auto request = serve();
    EXPECT_EQ(request.faculty_name, "derecho");
    ASSERT_EQ(request.programs.size(), 1u);
    EXPECT_EQ(request.programs[0].name, "civil");
    EXPECT_EQ(receive(asking), enclose(encode_room_answer({.status = Status::kOk, .grant = {7, 2, 0}, .detail = ""})));
  }
}

TEST_F(FacultyNodeTest, AMalformedRequestIsRefusedInItsEnvelopeAndNoServerIsAsked) {
  struct Case {
    Frames request;
    std::size_t body_at;
    std::size_t frame_count;
  };
  const Case cases[] = {
      {{"", "not JSON"}, 1, 2},
      {{"{}", "client"}, 0, 2},
      {{""}, 0, 1},
      {{"", ""}, 1, 2},
      {{"", R"({"program-name":"civil","semester":"2025-10","classrooms":-1,"labs":2})"}, 1, 2},
      {{"a", "b", "c", "", room_request("civil")}, 0, 1},
  };
  start(options_for({server_.host_port}));
  auto asking = program();
  for (const auto& test : cases) {
    send(asking, test.request);
    const auto frames = receive(asking);
    ASSERT_EQ(frames.size(), test.frame_count);
    const auto answer = decode_room_answer(frames[test.body_at]);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, Status::kInvalidRequest);
    EXPECT_NE(answer->detail, "");
  }
  // The first thing that the server hears of is a request that is well-formed.
  send(asking, {room_request("penal")});
  EXPECT_EQ(serve().programs.at(0).name, "penal");
}

TEST_F(FacultyNodeTest, AServersReplyIsTakenInAnyShapeAndWhatIsNoneIsSkipped) {
  start(options_for({server_.host_port}));
  auto asking = program();
  for (const std::string shape : {"[body]", "[body, x]", "[delimiter, body]"}) {
    SCOPED_TRACE(shape);
    send(asking, {"", room_request("civil")});
    const auto frames = receive(server_.socket);
    const auto body = all_granted(request_in(frames));
    send(server_.socket, {frames[0], "not JSON"});
    send(server_.socket, {frames[0], "\x01"});
    send(server_.socket, {frames[0], "1", "2", "3", "4", "5", "6"});
    if (shape == "[body]") send(server_.socket, {frames[0], body});
    if (shape == "[body, x]") send(server_.socket, {frames[0], body, "x"});
    if (shape == "[delimiter, body]") send(server_.socket, {frames[0], "", body});
    const auto answer = receive(asking);
    ASSERT_EQ(answer.size(), 2u);
    EXPECT_EQ(decode_room_answer(answer[1])->status, Status::kOk);
  }
  EXPECT_TRUE(was_logged("reply-skipped"));
}

TEST_F(FacultyNodeTest, ProgramsOfOneBatchGetEachTheirOwnAnswer) {
  auto options = options_for({server_.host_port});
  options.service.programs_min = 2;
  start(options);
  auto first = program();
  auto second = program();
  send(first, {"", room_request("civil")});
  send(second, {"", room_request("penal")});
  const auto frames = receive(server_.socket);
  const auto request = request_in(frames);
  ASSERT_EQ(request.programs.size(), 2u);
  Outcome outcome;
  for (const auto& program : request.programs) {
    outcome.programs.push_back(program.name == "civil" ? ProgramOutcome{Status::kOk, {7, 2, 0}}
                                                       : ProgramOutcome{Status::kInvalidProgram, {}});
  }
  send(server_.socket, {frames[0], encode_allocation_reply(request, outcome)});
  EXPECT_EQ(decode_room_answer(receive(first).at(1))->status, Status::kOk);
  EXPECT_EQ(decode_room_answer(receive(second).at(1))->status, Status::kInvalidProgram);
}

TEST_F(FacultyNodeTest, ASilentServerIsFollowedByTheNextWithTheSameRequest) {
  peers::ScriptedRouter next(context_);
  auto options = options_for({server_.host_port, next.host_port});
  options.service.client.request_timeout = 100ms;
  options.service.client.retries = 100;
  start(options);
  auto asking = program();
  send(asking, {"", room_request("civil")});
  const auto lost = request_in(receive(server_.socket));
  const auto frames = receive(next.socket);
  const auto request = request_in(frames);
  EXPECT_EQ(request, lost);
  send(next.socket, {frames[0], all_granted(request)});
  EXPECT_EQ(decode_room_answer(receive(asking).at(1))->status, Status::kOk);
}

TEST_F(FacultyNodeTest, AServerThatComesLateIsStillReached) {
  const ReservedPort port;
  auto options = options_for({port.host_port()});
  options.service.client.request_timeout = 200ms;
  options.service.client.retries = 100;
  start(options);
  auto asking = program();
  send(asking, {"", room_request("civil")});
  auto late = peers::make_peer(context_, zmq::socket_type::router);
  late.bind("tcp://" + port.host_port());
  const auto frames = receive(late);
  send(late, {frames.at(0), all_granted(request_in(frames))});
  EXPECT_EQ(decode_room_answer(receive(asking).at(1))->status, Status::kOk);
}

TEST_F(FacultyNodeTest, AProgramThatLeftDoesNotKeepTheOthersFromTheirAnswers) {
  auto options = options_for({server_.host_port});
  options.service.programs_min = 2;
  start(options);
  auto leaving = program();
  auto staying = program();
  send(leaving, {"", room_request("civil")});
  send(staying, {"", room_request("penal")});
  const auto frames = receive(server_.socket);
  leaving.close();
  send(server_.socket, {frames.at(0), all_granted(request_in(frames))});
  EXPECT_EQ(decode_room_answer(receive(staying).at(1))->status, Status::kOk);
}

TEST_F(FacultyNodeTest, AProgramThatComesBackUnderItsRoutingIdIsServed) {
  start(options_for({server_.host_port}));
  std::vector<zmq::socket_t> lives;
  for (int i = 0; i < 2; ++i) {  // the first life stays connected, as a crashed peer seems to
    auto& life = lives.emplace_back(peers::make_peer(context_, zmq::socket_type::dealer));
    life.set(zmq::sockopt::routing_id, "program-1");
    life.connect(node_->endpoint());
    send(life, {"", room_request("civil")});
    serve();
    EXPECT_EQ(receive(life).size(), 2u);
  }
}

TEST_F(FacultyNodeTest, OneSemesterIsServedAndThenTheNodeEndsWithItsAnswersDelivered) {
  auto options = options_for({server_.host_port});
  options.service.semester = "2025-10";
  start(options);
  auto asking = program();
  send(asking, {"", room_request("civil", "2025-30")});
  EXPECT_EQ(decode_room_answer(receive(asking).at(1))->status, Status::kInvalidSemester);
  send(asking, {"", room_request("civil")});
  serve();
  EXPECT_EQ(exit_code_.get(), 0);
  node_.reset();
  EXPECT_EQ(decode_room_answer(receive(asking).at(1))->status, Status::kOk);
}

TEST_F(FacultyNodeTest, AStopEndsAnIdleNodeWithZero) {
  start(options_for({server_.host_port}));
  kill(getpid(), SIGTERM);
  EXPECT_EQ(exit_code_.get(), 0);
}

TEST_F(FacultyNodeTest, AStopThatCannotWaitForTheServerTellsProgramsAndEndsWithOne) {
  auto options = options_for({server_.host_port});
  options.service.stop_timeout = 50ms;
  start(options);
  auto asking = program();
  send(asking, {"", room_request("civil")});
  ASSERT_EQ(receive(server_.socket).size(), 2u);
  kill(getpid(), SIGTERM);
  EXPECT_EQ(exit_code_.get(), 1);
  EXPECT_EQ(decode_room_answer(receive(asking).at(1))->status, Status::kUnavailable);
  EXPECT_TRUE(was_logged("stopped"));
}

TEST_F(FacultyNodeTest, AllThatAskedBeforeAStopAreAnsweredHoweverManyTheyAre) {
  constexpr int kCount = 1'000;  // far more than are taken in one turn
  int answered = 0;
  for (int tries = 0; answered < kCount && tries < 20; ++tries) {  // on a slow machine some come too late
    auto options = options_for({server_.host_port});
    options.listen_at = {{"127.0.0.1", 0}};
    FacultyNode node(options, [](const LogEvent&) {});
    auto asking = peers::make_peer(context_, zmq::socket_type::dealer);
    asking.set(zmq::sockopt::sndhwm, 1);  // so what was sent is on its way
    asking.set(zmq::sockopt::rcvhwm, 0);
    asking.connect(node.endpoint());
    for (int i = 0; i < kCount; ++i) send(asking, {"", room_request("civil")});
    kill(getpid(), SIGTERM);
    EXPECT_EQ(node.run(stop_), 0);
    asking.set(zmq::sockopt::rcvtimeo, 1'000);
    zmq::message_t frame;
    for (answered = 0; answered < kCount && asking.recv(frame); ++answered) {
      ASSERT_TRUE(asking.recv(frame));
      EXPECT_EQ(decode_room_answer(frame.to_string())->status, Status::kUnavailable);
    }
  }
  EXPECT_EQ(answered, kCount);
}

TEST_F(FacultyNodeTest, TheEndpointNamesThePortThatWasFound) {
  start(options_for({server_.host_port}));
  EXPECT_EQ(node_->endpoint().find("tcp://127.0.0.1:"), 0u);
  EXPECT_NE(node_->endpoint(), "tcp://127.0.0.1:0");
}

TEST_F(FacultyNodeTest, AnAddressThatIsTakenIsSaidWithTheAddress) {
  auto options = options_for({server_.host_port});
  options.listen_at[0].port =
      static_cast<std::uint16_t>(std::stoi(server_.host_port.substr(server_.host_port.find(':') + 1)));
  try {
    FacultyNode node(options, [](const LogEvent&) {});
    FAIL() << "two listen on one port";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find(server_.host_port), std::string::npos) << error.what();
  }
}

class FacultyNodeWithFewDescriptors : public FacultyNodeTest, public testing::WithParamInterface<int> {};
// A connection to a server takes several descriptors, one after the other; a context of ZeroMQ, too.
INSTANTIATE_TEST_SUITE_P(Left, FacultyNodeWithFewDescriptors, testing::Range(0, 12));

TEST_P(FacultyNodeWithFewDescriptors, LivesAndAnswersItsPrograms) {
  if (!kCanLackDescriptors) GTEST_SKIP() << kNeedsDescriptors;
  const ReservedPort nobody;
  auto options = options_for({nobody.host_port()});
  options.service.client.budget = 200ms;
  start(std::move(options));
  auto peer = program();
  send(peer, {"", "no request"});
  (void)receive(peer);
  const FewDescriptors few{GetParam()};
  send(peer, {"", room_request("derecho-civil")});
  const auto frames = receive(peer);
  ASSERT_EQ(frames.size(), 2u);
  const auto answer = decode_room_answer(frames[1]);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, Status::kUnavailable);
}

}  // namespace
}  // namespace dti
