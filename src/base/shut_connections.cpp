#include "dti/base/shut_connections.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <vector>

#include "dti/base/check.hpp"
#include "dti/base/descriptor.hpp"

namespace dti {
namespace {

/// An address of this machine with its port.
struct Local {
  std::vector<std::byte> ip;  // 4 or 16 bytes; empty: every address
  in_port_t port = 0;         // in the order of the network
};

std::vector<std::byte> bytes_of(const void* data, std::size_t size) {
  const auto* const begin = static_cast<const std::byte*>(data);
  return {begin, begin + size};
}

Local local_of(const sockaddr_storage& address) {
  Local local;
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    local = {bytes_of(&v4.sin_addr, sizeof v4.sin_addr), v4.sin_port};
  } else {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    local = {bytes_of(&v6.sin6_addr, sizeof v6.sin6_addr), v6.sin6_port};
  }
  return local;
}

/// @param endpoint  tcp://IP:PORT, with brackets around an IPv6 address
Local parse(std::string_view endpoint) {
  auto host = endpoint.substr(endpoint.find("://") + 3);
  const auto colon = host.rfind(':');
  const std::string port{host.substr(colon + 1)};
  host = host.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  DTI_CHECK(getaddrinfo(std::string{host}.c_str(), port.c_str(), &hints, &found) == 0);
  sockaddr_storage address{};
  std::memcpy(&address, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  auto local = local_of(address);
  const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
  if (std::all_of(local.ip.begin(), local.ip.end(), is_zero)) local.ip.clear();
  return local;
}

bool is_at(const Local& local, const Local& address) {
  return local.port == address.port && (address.ip.empty() || local.ip == address.ip);
}

/// Shuts a descriptor down if it is a connection that was accepted at one of the addresses.
void shut_if_accepted(int number, std::span<const Local> addresses) {
  // A copy stays the same connection, also if another thread closes the number and opens it again meanwhile.
  const Descriptor copy{fcntl(number, F_DUPFD_CLOEXEC, 0)};
  sockaddr_storage own{};
  sockaddr_storage peer{};
  socklen_t own_size = sizeof own;
  socklen_t peer_size = sizeof peer;
  if (copy.get() < 0 || getsockname(copy.get(), reinterpret_cast<sockaddr*>(&own), &own_size) != 0) return;
  if (own.ss_family != AF_INET && own.ss_family != AF_INET6) return;
  // A socket that listens has no peer.
  if (getpeername(copy.get(), reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) return;
  const auto local = local_of(own);
  if (std::any_of(addresses.begin(), addresses.end(), [&](const Local& it) { return is_at(local, it); })) {
    shutdown(copy.get(), SHUT_RDWR);
  }
}

}  // namespace

void shut_connections(std::span<const std::string> addresses) {
  std::vector<Local> locals;
  for (const auto& address : addresses) locals.push_back(parse(address));
  std::vector<int> numbers;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    const auto name = entry.path().filename().string();
    int number = -1;
    std::from_chars(name.data(), name.data() + name.size(), number);
    numbers.push_back(number);
  }
  for (const int number : numbers) shut_if_accepted(number, locals);
}

}  // namespace dti
