#include "dti/base/shut_connections.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "dti/base/descriptor.hpp"

namespace dti {
namespace {

/// A socket that listens on an IPv4 address of this machine, with one connection to it.
class Listening {
 public:
  /// @param ip  for example 127.0.0.1
  explicit Listening(const char* ip, std::uint16_t port = 0) : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, ip, &address.sin_addr);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_.get(), any, size), 0);
    EXPECT_EQ(listen(listener_.get(), 1), 0);
    EXPECT_EQ(getsockname(listener_.get(), any, &size), 0);
    port_ = ntohs(address.sin_port);
    client_ = Descriptor{socket(AF_INET, SOCK_STREAM, 0)};
    EXPECT_EQ(connect(client_.get(), any, size), 0);
    accepted_ = Descriptor{accept(listener_.get(), nullptr, nullptr)};
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] bool has_ended() const {
    pollfd item{client_.get(), POLLIN, 0};
    return poll(&item, 1, 0) == 1;
  }
  [[nodiscard]] bool listens() const {
    int is_listening = 0;
    socklen_t size = sizeof is_listening;
    return getsockopt(listener_.get(), SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) == 0 && is_listening == 1;
  }

 private:
  Descriptor listener_;
  Descriptor client_;
  Descriptor accepted_;
  std::uint16_t port_ = 0;
};

std::string tcp(const std::string& host, const Listening& at) {
  return "tcp://" + host + ':' + std::to_string(at.port());
}

TEST(ShutConnections, OnlyThoseThatWereAcceptedAtTheAddressesEnd) {
  const Listening one{"127.0.0.1"};
  const Listening other{"127.0.0.1"};
  const Listening same_port{"127.0.0.2", one.port()};
  shut_connections(std::vector{tcp("127.0.0.1", one)});
  EXPECT_TRUE(one.has_ended());
  EXPECT_FALSE(other.has_ended());
  EXPECT_FALSE(same_port.has_ended());
  EXPECT_TRUE(one.listens());
}

TEST(ShutConnections, AWildcardIsEveryAddressOfItsPort) {
  for (const auto* any : {"0.0.0.0", "[::]"}) {
    const Listening one{"127.0.0.1"};
    const Listening same_port{"127.0.0.2", one.port()};
    const Listening other{"127.0.0.1"};
    shut_connections(std::vector{tcp(any, one)});
    EXPECT_TRUE(one.has_ended() && same_port.has_ended()) << any;
    EXPECT_FALSE(other.has_ended()) << any;
  }
}

TEST(ShutConnections, WithoutAnAddressNothingEnds) {
  const Listening one{"127.0.0.1"};
  shut_connections({});
  EXPECT_FALSE(one.has_ended());
}

}  // namespace
}  // namespace dti
