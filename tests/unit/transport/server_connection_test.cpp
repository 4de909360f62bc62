#include "dti/transport/zeromq/server_connection.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include <gtest/gtest.h>
#include <zmq.hpp>

#include "unit/transport/peers.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kReplyBytesMax = std::size_t{4} * 1024 * 1024;

// A TCP listener on the loopback that speaks no ZeroMQ.
class PlainListener {
 public:
  explicit PlainListener(int backlog) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    EXPECT_EQ(listen(socket_, backlog), 0);
    host_port_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    address_ = address;
  }
  ~PlainListener() {
    shutdown(socket_, SHUT_RDWR);
    if (peer_.joinable()) peer_.join();
    for (const int filler : fillers_) close(filler);
    close(socket_);
  }
  PlainListener(const PlainListener&) = delete;
  PlainListener& operator=(const PlainListener&) = delete;

  // Accepts one connection, says that, and closes it.
  void say_once(std::string text) {
    peer_ = std::thread{[this, text = std::move(text)] {
      const int accepted = accept(socket_, nullptr, nullptr);
      if (accepted < 0) return;
      EXPECT_EQ(::send(accepted, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
      close(accepted);
    }};
  }
  // From now on the kernel drops what would connect, as a firewall does.
  void fill() {
    for (int i = 0; i < 4; ++i) {
      fillers_.push_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      (void)connect(fillers_.back(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_);
    }
  }
  [[nodiscard]] const std::string& host_port() const { return host_port_; }

 private:
  int socket_;
  sockaddr_in address_{};
  std::string host_port_;
  std::vector<int> fillers_;
  std::thread peer_;
};

bool send_hello(ServerConnection& connection) {
  const std::string_view frames[] = {"hello"};
  return connection.send(frames);
}

// The next change, however long it takes; none, and a failure of the test, if there is none in time.
std::optional<ServerConnection::Change> next_change(ServerConnection& connection) {
  const auto give_up_at = Clock::now() + 60s;
  while (Clock::now() < give_up_at) {
    if (auto change = connection.update(Clock::now())) return change;
    std::vector<PollItem> items;
    connection.add_poll_items(items);
    wait_for(items, std::min(give_up_at, connection.wake_at().value_or(give_up_at)));
  }
  ADD_FAILURE() << "nothing happened";
  return std::nullopt;
}

std::string reason_of_loss(ServerConnection& connection) {
  const auto change = next_change(connection);
  const auto* lost = change ? std::get_if<ServerConnection::Lost>(&*change) : nullptr;
  EXPECT_NE(lost, nullptr) << "it is connected";
  return lost == nullptr ? "" : lost->reason;
}

bool connects(ServerConnection& connection) {
  connection.connect(Clock::now());
  const auto change = next_change(connection);
  return change && std::holds_alternative<ServerConnection::Connected>(*change);
}

TEST(ServerConnectionTest, AMessageOverTheConnectionIsAnswered) {
  zmq::context_t context;
  peers::ScriptedRouter server{context};
  ServerConnection connection{context, server.host_port, 60s, kReplyBytesMax};
  EXPECT_EQ(connection.wake_at(), std::nullopt) << "it connects only when it is told to";
  EXPECT_TRUE(connects(connection));
  EXPECT_TRUE(send_hello(connection));
  auto frames = peers::receive(server.socket);
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[1], "hello");
  peers::send(server.socket, {frames[0], "answer"});
  auto answer = connection.receive();
  for (; !answer; answer = connection.receive()) {
    std::vector<PollItem> items;
    connection.add_poll_items(items);
    wait_for(items, std::nullopt);
  }
  EXPECT_EQ(*answer, "answer");
}

TEST(ServerConnectionTest, TheReasonOfALossSaysWhatHappened) {
  struct Case {
    const char* claim;
    std::function<void(PlainListener&)> listener;
    std::string host_port;  // empty: the listener's
    std::chrono::milliseconds try_time;
    const char* part;
  };
  const Case cases[] = {
      {"nobody listens", {}, "127.0.0.1:1", 60s, "127.0.0.1:1 refused the connection"},
      {"a name that does not exist", {}, "no such name:6000", 60s, "the name no such name cannot be resolved: "},
      {"the connection is accepted, and nothing is said", [](PlainListener&) {}, "", 1s,
       "accepted the connection but did not complete the ZeroMQ handshake within "},
      {"the connection is accepted and closed", [](PlainListener& it) { it.say_once(""); }, "", 60s,
       "closed the connection during the ZeroMQ handshake"},
      {"another protocol", [](PlainListener& it) { it.say_once("HTTP/1.1 400 Bad Request\r\n\r\n"); }, "", 60s,
       "closed the connection during the ZeroMQ handshake"},
      {"an address that takes no connection", [](PlainListener& it) { it.fill(); }, "", 250ms,
       "did not answer the attempt to connect within 250 ms"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.claim);
    PlainListener listener{0};
    if (test.listener) test.listener(listener);
    zmq::context_t context;
    ServerConnection connection{context, test.host_port.empty() ? listener.host_port() : test.host_port, test.try_time,
                                kReplyBytesMax};
    connection.connect(Clock::now());
    const auto reason = reason_of_loss(connection);
    EXPECT_NE(reason.find(test.part), std::string::npos) << reason;
  }
}

TEST(ServerConnectionTest, AConnectionThatBreaksIsToldAndCanBeMadeAgain) {
  zmq::context_t context;
  zmq::context_t servers;
  std::optional<peers::ScriptedRouter> server{std::in_place, servers};
  const auto host_port = server->host_port;
  ServerConnection connection{context, host_port, 60s, kReplyBytesMax};
  EXPECT_TRUE(connects(connection));
  server.reset();
  EXPECT_EQ(reason_of_loss(connection), "the connection to " + host_port + " was closed");
  EXPECT_EQ(connection.update(Clock::now()), std::nullopt);
  auto back = peers::make_peer(context, zmq::socket_type::router);
  back.bind("tcp://" + host_port);
  EXPECT_TRUE(connects(connection));
  EXPECT_TRUE(send_hello(connection));
  EXPECT_EQ(peers::receive(back).size(), 2u);
}

TEST(ServerConnectionTest, WithoutAConnectionNothingIsSentAndNothingIsKept) {
  zmq::context_t context;
  peers::ScriptedRouter server{context};
  ServerConnection connection{context, server.host_port, 60s, kReplyBytesMax};
  EXPECT_FALSE(send_hello(connection)) << "idle";
  connection.connect(Clock::now());
  EXPECT_FALSE(send_hello(connection)) << "the attempt to connect is in progress";
  EXPECT_TRUE(connects(connection));
  const std::string_view first[] = {"first"};
  EXPECT_TRUE(connection.send(first));
  const auto frames = peers::receive(server.socket);
  EXPECT_EQ(frames.at(1), "first") << "a message of before was kept";
  connection.reset();
  EXPECT_FALSE(send_hello(connection)) << "after the end of the connection";
  EXPECT_TRUE(connects(connection));
  const std::string_view second[] = {"second"};
  EXPECT_TRUE(connection.send(second));
  const auto later = peers::receive(server.socket);
  EXPECT_EQ(later.at(1), "second");
  EXPECT_NE(later.at(0), frames.at(0)) << "that is the same connection";
}

TEST(ServerConnectionTest, AnAddressThatCannotBeOneIsSaidInASentence) {
  zmq::context_t context;
  for (const std::string host_port : {"no port", "host:", ":6000", "host:port", "host:0", "host:65536", "host:-1"}) {
    try {
      ServerConnection connection{context, host_port, 1s, kReplyBytesMax};
      ADD_FAILURE() << "it took " << host_port;
    } catch (const std::runtime_error& error) {
      EXPECT_NE(std::string(error.what()).find(host_port), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace dti
