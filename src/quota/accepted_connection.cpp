#include "dti/quota/accepted_connection.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace dti {
namespace {

/// The port of an IP address; none if it is none.
std::optional<std::uint16_t> port_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, &address, sizeof ipv4);
    return ntohs(ipv4.sin_port);
  }
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, &address, sizeof ipv6);
    return ntohs(ipv6.sin6_port);
  }
  return std::nullopt;
}

using AddressOf = int(int, sockaddr*, socklen_t*);

std::optional<sockaddr_storage> ask(AddressOf* address_of, int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (address_of(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return std::nullopt;
  return address;
}

Descriptor checked(int number) {
  if (number < 0) throw std::system_error(errno, std::generic_category(), "no descriptor is left");
  return Descriptor{number};
}

}  // namespace

AcceptedConnection::AcceptedConnection()
    : nothing_(checked(::eventfd(0, EFD_CLOEXEC))), held_(checked(::fcntl(nothing_.get(), F_DUPFD_CLOEXEC, 0))) {}

std::optional<Network> AcceptedConnection::hold(int descriptor, std::span<const std::uint16_t> ports) {
  if (::dup3(descriptor, held_.get(), O_CLOEXEC) < 0) return std::nullopt;  // it was closed
  const auto own = ask(::getsockname, held_.get());
  const auto port = own ? port_of(*own) : std::nullopt;
  if (!port || std::find(ports.begin(), ports.end(), *port) == ports.end()) return std::nullopt;
  const auto peer = ask(::getpeername, held_.get());
  return peer ? std::optional{network_of(*peer)} : std::nullopt;
}

void AcceptedConnection::end() { static_cast<void>(::shutdown(held_.get(), SHUT_RDWR)); }

void AcceptedConnection::release() { static_cast<void>(::dup3(nothing_.get(), held_.get(), O_CLOEXEC)); }

}  // namespace dti
