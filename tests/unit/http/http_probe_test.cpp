#include "dti/http/http_probe.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "dti/base/descriptor.hpp"
#include "unit/http/connection.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;

HttpServer make_server(const std::string& address) {
  return HttpServer{address,
                    0,
                    {{"/well", [](const HttpRequest&, const HttpReply& reply) { reply(text_response(200, "ok\n")); }},
                     {"/ill", [](const HttpRequest&, const HttpReply& reply) { reply(text_response(503, "no\n")); }}},
                    [](const LogEvent&) {}};
}

/// A socket that listens, and whose connections get no byte.
class Silence {
 public:
  Silence() : socket_{::socket(AF_INET, SOCK_STREAM, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(socket_.get(), 1), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Ends the first connection, after some bytes.
  void answer(const std::string& bytes) {
    const Descriptor connection{::accept(socket_.get(), nullptr, nullptr)};
    EXPECT_EQ(::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }

 private:
  Descriptor socket_;
  std::uint16_t port_ = 0;
};

std::string fault_of(std::uint16_t port, std::chrono::milliseconds time = kForever) {
  try {
    return "status " + std::to_string(http_status_of("127.0.0.1", port, "/", time));
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

TEST(HttpProbe, ReturnsTheStatusOfTheResponse) {
  const auto server = make_server("127.0.0.1");
  EXPECT_EQ(http_status_of("127.0.0.1", port_of(server), "/well", kForever), 200);
  EXPECT_EQ(http_status_of("127.0.0.1", port_of(server), "/ill", kForever), 503);
  EXPECT_EQ(http_status_of("127.0.0.1", port_of(server), "/nowhere", kForever), 404);
}

TEST(HttpProbe, FindsAServerThatListensOnEveryAddress) {
  const auto server = make_server("0.0.0.0");
  EXPECT_EQ(http_status_of("0.0.0.0", port_of(server), "/well", kForever), 200);
}

TEST(HttpProbe, TakesAnIpv6AddressWithAndWithoutBrackets) {
  const auto server = make_server("::1");
  EXPECT_EQ(http_status_of("::1", port_of(server), "/well", kForever), 200);
  EXPECT_EQ(http_status_of("[::1]", port_of(server), "/well", kForever), 200);
}

TEST(HttpProbe, TellsThatNoProcessListens) {
  std::uint16_t port = 0;
  { port = Silence{}.port(); }
  EXPECT_EQ(fault_of(port), "Connection refused");
}

TEST(HttpProbe, GivesUpAfterTheTime) {
  const Silence silence;
  EXPECT_EQ(fault_of(silence.port(), 10ms), "no response within 10 ms");
}

TEST(HttpProbe, TellsWhatIsNoHttp) {
  for (const std::string bytes : {"HTTP/1.0 200 OK\r\n", "HTTP/1.1 OK\r\n", "\n", "SSH-2.0-OpenSSH_9.2\r\n"}) {
    Silence peer;
    std::jthread answers{[&] { peer.answer(bytes); }};
    EXPECT_EQ(fault_of(peer.port()), "the response is not HTTP/1.1") << bytes;
  }
}

TEST(HttpProbe, ReadsNoEndlessLine) {
  Silence peer;
  std::jthread answers{[&] { peer.answer("HTTP/1.1 200 " + std::string(5'000, 'x')); }};
  const auto fault = fault_of(peer.port());
  EXPECT_NE(fault, "status 200");
}

}  // namespace
}  // namespace dti
