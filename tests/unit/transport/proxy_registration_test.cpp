#include "dti/transport/server/proxy_registration.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "unit/transport/few_descriptors.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class Connection {
 public:
  explicit Connection(int socket) : socket_(socket) {}
  ~Connection() { close(); }
  Connection(Connection&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  Connection(const Connection&) = delete;

  /// Up to a line feed, or to the end.
  std::string read_line() {
    std::string line;
    for (char c = 0; c != '\n' && recv(socket_, &c, 1, 0) == 1;) line += c;
    return line;
  }
  /// @return is the peer still there?
  bool write(const std::string& text) { return send(socket_, text.data(), text.size(), MSG_NOSIGNAL) > 0; }
  /// Waits until the peer has closed, or for that long.
  bool is_closed_within(std::chrono::milliseconds time) {
    pollfd item{socket_, POLLIN | POLLRDHUP, 0};
    return poll(&item, 1, static_cast<int>(time.count())) == 1;
  }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }

 private:
  int socket_;
};

/// Listens as a proxy does; each test answers as it likes.
class FakeProxy {
 public:
  FakeProxy() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(socket_, generic, size), 0);
    EXPECT_EQ(listen(socket_, 8), 0);
    EXPECT_EQ(getsockname(socket_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~FakeProxy() { close(socket_); }
  FakeProxy(const FakeProxy&) = delete;
  FakeProxy& operator=(const FakeProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  Connection accept() { return Connection{::accept(socket_, nullptr, nullptr)}; }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

/// A registration at the proxy, and the first thing that it logs.
class Registering {
 public:
  Registering(const std::string& host, std::uint16_t port)
      : registration_(std::in_place, host, port, "tcp://127.0.0.1:6000", [this](const LogEvent& event) {
          if (!logged_once_) logged_.set_value(event);
          logged_once_ = true;
        }) {}

  std::string first_event() { return first().event; }
  LogEvent first() {
    if (event_.wait_for(60s) != std::future_status::ready) return {LogLevel::kDebug, "nothing", "", {}};
    return event_.get();
  }
  Clock::duration end() {
    const auto started = Clock::now();
    registration_.reset();
    return Clock::now() - started;
  }

 private:
  std::promise<LogEvent> logged_;
  std::future<LogEvent> event_ = logged_.get_future();
  bool logged_once_ = false;                       // of the registration's thread
  std::optional<ProxyRegistration> registration_;  // last: its thread uses the others
};

/// Whether it takes less than that at least once in many tries: the machine may be slow, and a wait is there each time.
bool is_once_below(Clock::duration bound, const std::function<Clock::duration()>& attempt) {
  for (int tries = 0; tries < 20; ++tries) {
    if (attempt() < bound) return true;
  }
  return false;
}

TEST(ProxyRegistrationTest, SendsItsPortAndIsDoneWithTheProxysOk) {
  FakeProxy proxy;
  Registering server("127.0.0.1", proxy.port());
  auto connection = proxy.accept();
  EXPECT_EQ(connection.read_line(), "6000\n");
  for (const auto* piece : {"O", "K", "\n"}) EXPECT_TRUE(connection.write(piece));
  EXPECT_EQ(server.first_event(), "proxy-registered");
}

TEST(ProxyRegistrationTest, AnAddressWithoutIpv4IsToldAsSuch) {
  Registering server("::1", 7000);
  const auto event = server.first();
  EXPECT_EQ(event.event, "proxy-unreachable");
  EXPECT_TRUE(event.message.starts_with("no IPv4 address was found for it: ")) << event.message;
}

TEST(ProxyRegistrationTest, AnAnswerThatIsNotOkIsGivenUpAtItsFirstWrongByte) {
  FakeProxy proxy;
  Registering server("127.0.0.1", proxy.port());
  auto connection = proxy.accept();
  EXPECT_TRUE(connection.write("N"));
  const auto event = server.first();
  EXPECT_EQ(event.event, "proxy-unreachable");
  // At the end of the try it would say: within 1 s.
  EXPECT_TRUE(event.message.starts_with("it did not answer OK;")) << event.message;
}

TEST(ProxyRegistrationTest, AProxyThatDripsItsAnswerDoesNotLengthenATry) {
  const auto attempt = []() -> Clock::duration {
    FakeProxy proxy;
    const auto started = Clock::now();
    Registering server("127.0.0.1", proxy.port());
    auto connection = proxy.accept();
    connection.read_line();
    const bool is_early = !connection.is_closed_within(600ms);
    connection.write("O");
    EXPECT_TRUE(connection.is_closed_within(60s));
    EXPECT_EQ(server.first_event(), "proxy-unreachable");
    return is_early ? Clock::now() - started : 1h;
  };
  EXPECT_TRUE(is_once_below(1'500ms, attempt));
}

TEST(ProxyRegistrationTest, TheEndDoesNotWaitForASilentProxy) {
  const auto attempt = [] {
    FakeProxy proxy;
    Registering server("127.0.0.1", proxy.port());
    auto connection = proxy.accept();
    connection.read_line();
    return server.end();
  };
  EXPECT_TRUE(is_once_below(500ms, attempt));
}

TEST(ProxyRegistrationTest, WithoutDescriptorsItIsTriedAgain) {
  if (!kCanLackDescriptors) GTEST_SKIP() << kNeedsDescriptors;
  FakeProxy proxy;
  std::optional<FewDescriptors> few{0};
  Registering server("127.0.0.1", proxy.port());
  EXPECT_EQ(server.first_event(), "proxy-unreachable");
  few.reset();
  EXPECT_EQ(proxy.accept().read_line(), "6000\n");
}

}  // namespace
}  // namespace dti
