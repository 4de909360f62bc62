#include "transport/zeromq/port_hold.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "dti/transport/zeromq/host_port.hpp"

namespace dti {
namespace {

[[noreturn]] void fail(const std::string& endpoint, int error) {
  throw std::system_error(error, std::generic_category(), "cannot hold " + endpoint);
}

void set_option(int socket, int level, int option, int value) {
  setsockopt(socket, level, option, &value, sizeof value);
}

int bound_socket(const std::string& endpoint) {
  constexpr std::string_view kTcp = "tcp://";
  const auto host = endpoint.substr(kTcp.size(), endpoint.rfind(':') - kTcp.size());
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(without_brackets(host).c_str(), std::to_string(port_of(endpoint)).c_str(), &hints, &found) != 0) {
    fail(endpoint, EADDRNOTAVAIL);
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> address{found, &freeaddrinfo};
  const int socket = ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) fail(endpoint, errno);
  // Needed because connections of an earlier process may still be closing.
  set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  if (address->ai_family == AF_INET6) set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, 0);  // as libzmq's
  if (bind(socket, address->ai_addr, address->ai_addrlen) != 0) {
    const int error = errno;
    close(socket);
    fail(endpoint, error);
  }
  return socket;
}

}  // namespace

PortHold::PortHold(const std::string& endpoint) : socket_(bound_socket(endpoint)) { keep(); }

PortHold::~PortHold() { close(socket_); }

void PortHold::share() { set_option(socket_, SOL_SOCKET, SO_REUSEADDR, 1); }

void PortHold::keep() { set_option(socket_, SOL_SOCKET, SO_REUSEADDR, 0); }

}  // namespace dti
