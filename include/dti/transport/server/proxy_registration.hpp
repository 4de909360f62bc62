#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include "dti/base/log.hpp"

namespace dti {

/// Tells an old reverse proxy where to find this server: its port as text and a newline over TCP, answered by `OK\n`.
/// Tries each second, for at most a second, until the proxy has said OK, on a thread of its own, which the destructor
/// ends at once. Only a lookup of the proxy's name may outlive it: see lookup_hangs().
/// Source: docs/protocol.md, The old proxy.
class ProxyRegistration {
 public:
  /// @param host, port  of the proxy: an IPv4 address, or a name that has one
  /// @param endpoint  where this server listens, such as `tcp://127.0.0.1:6000`
  ProxyRegistration(std::string host, std::uint16_t port, const std::string& endpoint, LogSink log);

 private:
  std::jthread thread_;
};

}  // namespace dti
