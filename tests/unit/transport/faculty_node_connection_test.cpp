#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <future>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "unit/transport/faculty_node_harness.hpp"
#include "unit/transport/peers.hpp"

namespace dti {
namespace {

using namespace faculty_node_test;
using namespace std::string_view_literals;

constexpr int kHangMs = 60'000;

// A TCP connection that the test accepted, and on which it plays a server by hand.
class HandMadeConnection {
 public:
  explicit HandMadeConnection(int descriptor) : descriptor_(descriptor) { EXPECT_GE(descriptor, 0); }
  ~HandMadeConnection() { close(descriptor_); }
  HandMadeConnection(const HandMadeConnection&) = delete;
  HandMadeConnection& operator=(const HandMadeConnection&) = delete;

  // Completes the handshake of ZMTP 3.0, as a ROUTER without security.
  void complete_handshake() {
    std::string bytes{"\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL"sv};
    bytes.resize(64);
    bytes += "\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06ROUTER"sv;
    EXPECT_EQ(::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  // Reads until the peer has sent this text.
  void wait_for(const std::string& text) {
    std::string bytes;
    while (bytes.find(text) == std::string::npos) ASSERT_GT(read_into(bytes), 0);
  }
  // Ends the connection. libzmq reports the end to its owner before it closes its side, so that it is reported when
  // this returns.
  void end() {
    shutdown(descriptor_, SHUT_WR);
    std::string bytes;
    while (read_into(bytes) > 0) continue;
  }

 private:
  ssize_t read_into(std::string& bytes) {
    pollfd readable{descriptor_, POLLIN, 0};
    EXPECT_EQ(poll(&readable, 1, kHangMs), 1) << "nothing came";
    std::array<char, 4096> part{};
    const auto size = read(descriptor_, part.data(), part.size());
    if (size > 0) bytes.append(part.data(), static_cast<std::size_t>(size));
    return size;
  }

  int descriptor_;
};

// A port on which connections are accepted by hand at first, and by a ROUTER later.
class ListeningPort {
 public:
  ListeningPort() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    EXPECT_EQ(listen(socket_, 16), 0);
    host_port_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~ListeningPort() {
    if (socket_ >= 0) close(socket_);
  }
  ListeningPort(const ListeningPort&) = delete;
  ListeningPort& operator=(const ListeningPort&) = delete;

  [[nodiscard]] const std::string& host_port() const { return host_port_; }
  [[nodiscard]] int accept_one() const {
    pollfd readable{socket_, POLLIN, 0};
    EXPECT_EQ(poll(&readable, 1, kHangMs), 1) << "nothing connects";
    return accept(socket_, nullptr, nullptr);
  }
  // A ROUTER that accepts all further connections, also those that are established already.
  zmq::socket_t serve(zmq::context_t& context) {
    auto router = peers::make_peer(context, zmq::socket_type::router);
    router.set(zmq::sockopt::use_fd, std::exchange(socket_, -1));
    router.bind("tcp://" + host_port_);
    return router;
  }

 private:
  int socket_;
  std::string host_port_;
};

std::string program_in(const Frames& frames) {
  const auto request = request_in(frames);
  return request.programs.empty() ? "" : request.programs[0].name;
}

bool has_message(zmq::socket_t& socket, std::chrono::milliseconds time) {
  zmq::pollitem_t item{socket.handle(), 0, ZMQ_POLLIN, 0};
  return zmq::poll(&item, 1, time) > 0;
}

// Each request is one program's. The faculty must not send a request twice, nor after it gave the program an outcome.
class FacultyNodeConnectionTest : public FacultyNodeTest {
 protected:
  FacultyNodeConnectionTest() {
    on_log_ = [this](const LogEvent& event) {
      if (event.event != "request-malformed") return;
      held_.set_value();
      go_on_.get_future().wait();
    };
  }

  FacultyNodeOptions options_without_retries() {
    auto options = options_for({port_.host_port()});
    options.service.client.retries = 0;
    return options;
  }
  // The program asks, and the connection ends in the same turn of the node.
  void ask_while_connection_ends(zmq::socket_t& asking, const std::string& name, HandMadeConnection& connection) {
    send(asking, {"", "malformed"});
    send(asking, {"", room_request(name)});
    held_.get_future().wait();
    connection.end();
    go_on_.set_value();
    EXPECT_EQ(status_in(receive(asking)), Status::kInvalidRequest);
  }
  static Status status_in(const Frames& frames) { return answer_in(frames).status; }
  static RoomAnswer answer_in(const Frames& frames) {
    const auto answer = frames.size() == 2 ? decode_room_answer(frames[1]) : std::nullopt;
    EXPECT_TRUE(answer);
    return answer.value_or(RoomAnswer{});
  }

  ListeningPort port_;

 private:
  std::promise<void> held_;
  std::promise<void> go_on_;
};

TEST_F(FacultyNodeConnectionTest, ARequestThatWasGivenUpUnsentNeverReachesAServer) {
  auto options = options_without_retries();
  options.service.client.budget = 1'000ms;
  start(options);
  auto asking = program();
  // Programs ask one after the other until the first of them has its outcome. The last ones share its connection.
  int asked = 0;
  int given_up = 0;  // the first ones, because all wait equally long
  const auto take_outcome = [&] {
    const auto answer = answer_in(receive(asking));
    if (answer.detail.find("nothing was asked of a server") != std::string::npos) ++given_up;
  };
  do {
    send(asking, {"", room_request("program-" + std::to_string(asked++))});
  } while (!has_message(asking, 50ms));
  take_outcome();
  auto server = port_.serve(context_);
  std::set<std::string> reached;
  const auto last_is_over = [&] {
    return given_up == asked || reached.contains("program-" + std::to_string(asked - 1));
  };
  while (!last_is_over() || has_message(server, 0ms)) {
    while (has_message(asking, 0ms)) take_outcome();
    if (has_message(server, 10ms)) reached.insert(program_in(receive(server)));
  }
  ASSERT_GT(given_up, 0);
  for (int number = 0; number < given_up; ++number) {
    EXPECT_FALSE(reached.contains("program-" + std::to_string(number))) << number;
  }
}

TEST_F(FacultyNodeConnectionTest, ARequestThatBeginsWhenAnAttemptToConnectFailsIsSentOnce) {
  start(options_without_retries());
  auto asking = program();
  send(asking, {"", room_request("civil")});
  HandMadeConnection attempt{port_.accept_one()};
  ask_while_connection_ends(asking, "penal", attempt);
  auto server = port_.serve(context_);
  std::multiset<std::string> reached;
  for (int i = 0; i < 2 || has_message(server, 300ms); ++i) reached.insert(program_in(receive(server)));
  EXPECT_EQ(reached, (std::multiset<std::string>{"civil", "penal"}));
}

TEST_F(FacultyNodeConnectionTest, ARequestThatBeginsWhenItsConnectionBreaksIsNotSentAfterItsOutcome) {
  start(options_without_retries());
  auto asking = program();
  send(asking, {"", room_request("civil")});
  HandMadeConnection connection{port_.accept_one()};
  connection.complete_handshake();
  connection.wait_for("civil");
  ask_while_connection_ends(asking, "penal", connection);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(status_in(receive(asking)), Status::kUnavailable);
  auto server = port_.serve(context_);
  send(asking, {"", room_request("laboral")});
  EXPECT_EQ(program_in(receive(server)), "laboral") << "a request that had its outcome came first";
  EXPECT_FALSE(has_message(server, 300ms));
}

}  // namespace
}  // namespace dti
