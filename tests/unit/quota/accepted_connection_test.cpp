#include "dti/quota/accepted_connection.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <optional>

namespace dti {
namespace {

/// A connection over the loopback address.
struct Connection {
  Connection() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener.get(), any, sizeof address), 0);
    EXPECT_EQ(::listen(listener.get(), 1), 0);
    EXPECT_EQ(::getsockname(listener.get(), any, &size), 0);
    port = ntohs(address.sin_port);
    EXPECT_EQ(::connect(client.get(), any, sizeof address), 0);
    accepted = Descriptor{::accept(listener.get(), nullptr, nullptr)};
  }
  /// Tells whether the client has received the end of the connection.
  [[nodiscard]] bool has_ended() const {
    char byte = 0;
    return ::recv(client.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }

  Descriptor listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  Descriptor client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  Descriptor accepted;
  std::uint16_t port = 0;
};

TEST(AcceptedConnection, EndsAConnectionWhoseDescriptorStaysOpen) {
  const Connection connection;
  AcceptedConnection held;
  const std::uint16_t ports[] = {connection.port};
  EXPECT_EQ(held.hold(connection.accepted.get(), ports), Network::kLocal);
  EXPECT_FALSE(connection.has_ended());
  held.end();
  held.release();
  pollfd item{connection.client.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&item, 1, 10'000), 1);
  EXPECT_TRUE(connection.has_ended());
  EXPECT_NE(::fcntl(connection.accepted.get(), F_GETFD), -1);
}

TEST(AcceptedConnection, TouchesNothingButConnectionsAtItsPorts) {
  const Connection connection;
  const Connection of_other_port;
  const Descriptor file{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  AcceptedConnection held;
  const std::uint16_t ports[] = {connection.port};
  for (const int number : {of_other_port.accepted.get(), of_other_port.client.get(), connection.client.get(),
                           connection.listener.get(), file.get(), -1, 1'000'000}) {
    EXPECT_EQ(held.hold(number, ports), std::nullopt) << number;
  }
}

TEST(AcceptedConnection, KeepsNoConnectionAliveAfterItsRelease) {
  Connection connection;
  AcceptedConnection held;
  const std::uint16_t ports[] = {connection.port};
  ASSERT_TRUE(held.hold(connection.accepted.get(), ports));
  connection.accepted = Descriptor{};
  EXPECT_FALSE(connection.has_ended());
  held.release();
  pollfd item{connection.client.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&item, 1, 10'000), 1);
  EXPECT_TRUE(connection.has_ended());
}

}  // namespace
}  // namespace dti
