#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include "dti/base/log.hpp"

namespace dti {

/// Registers this server with an old reverse proxy: it sends the server's port as text and a newline over TCP, and the
/// proxy replies `OK\n`. It tries each second, for at most one second, until the proxy has replied OK. It has its own
/// thread, which the destructor ends at once. Only a lookup of the proxy's name may outlive it: see lookup_hangs().
/// Source: docs/protocol.md, The old proxy.
class ProxyRegistration {
 public:
  /// Starts the thread.
  /// @param host, port  of the proxy; the host is an IPv4 address or a name that has one
  /// @param endpoint  the address of this server, such as `tcp://127.0.0.1:6000`
  ProxyRegistration(std::string host, std::uint16_t port, const std::string& endpoint, LogSink log);

 private:
  std::jthread thread_;
};

}  // namespace dti
