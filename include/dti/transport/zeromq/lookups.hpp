#pragma once

#include <sys/socket.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dti/base/flag.hpp"

namespace dti {

/// Runs a lookup on a detached thread. lookup_hangs() is true until the lookup has returned.
/// @param work  must own everything that it uses
/// @return a future that is ready when the lookup has returned
/// @throws std::system_error  if no thread can be started
std::future<void> run_detached(std::function<void()> work);

/// One address of a host, IPv4 or IPv6, and a port.
struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  std::string text;  // `10.0.0.1:6000`, `[fd77::3]:6000`

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

/// Finds the addresses of a host. A numeric address is ready at once. A name is looked up on a separate thread, because
/// getaddrinfo() may take half a minute and cannot be interrupted.
class Lookup {
 public:
  /// @param host  an IPv6 address has no brackets
  /// @param family  AF_INET for IPv4 addresses only; AF_UNSPEC for all
  /// @throws std::system_error  if no descriptor or no thread is left
  static std::shared_ptr<Lookup> start(std::string host, std::uint16_t port, int family = AF_UNSPEC);

  /// Readable when the lookup is done.
  [[nodiscard]] int descriptor() const { return done_.descriptor(); }
  /// Tells whether the lookup is done. Only then may the functions below be called.
  [[nodiscard]] bool is_done() const { return is_done_; }
  /// The reason why there are no addresses; none if there are addresses.
  [[nodiscard]] const std::optional<std::string>& fault() const { return fault_; }
  /// In the order in which they should be tried (RFC 6724).
  [[nodiscard]] const std::vector<Address>& addresses() const { return addresses_; }

 private:
  void find(const std::string& host, std::uint16_t port, int family, int flags);

  Flag done_;
  std::atomic<bool> is_done_{false};  // orders the lookup's writes before the reader's reads
  std::optional<std::string> fault_;
  std::vector<Address> addresses_;
};

}  // namespace dti
