#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <zmq.hpp>

namespace dti {

/// A ROUTER for peers old and new, bound to an address of this machine, with every option set before the bind.
/// No ZMTP heartbeats and no CURVE: old peers take a PING for a message.
/// Source: docs/protocol.md, What old peers forbid.
/// @param address  an IPv4 or IPv6 address (with or without brackets) or an interface's name
/// @param port  0: any free one
/// @throws std::runtime_error  with a sentence that names the address
[[nodiscard]] zmq::socket_t bind_router(zmq::context_t& context, const std::string& address, std::uint16_t port);

/// A DEALER that connects, and goes on trying, in the background. What is sent before the connection stands waits for
/// it; closing the socket drops what waits. Its name is looked up in the context's I/O thread, which does nothing else
/// meanwhile.
/// @param host_port  an IPv6 address stands in brackets
/// @throws std::runtime_error  with a sentence for people, if the address cannot be one
[[nodiscard]] zmq::socket_t connect_dealer(zmq::context_t& context, const std::string& host_port);

/// Says when a dealer's connection breaks, or is refused. Thread: the dealer's.
class ConnectionWatch {
 public:
  /// @param dealer  outlives this
  ConnectionWatch(zmq::context_t& context, zmq::socket_t& dealer);
  /// libzmq's I/O thread waits without end for somebody to take an event, once nobody is there who could: and with it all
  /// connections of the context. So it is told first to send none.
  ~ConnectionWatch();
  ConnectionWatch(const ConnectionWatch&) = delete;
  ConnectionWatch& operator=(const ConnectionWatch&) = delete;

  /// Has the connection been lost or refused since the last call? Does not wait.
  [[nodiscard]] bool was_lost();
  /// To be polled: readable when was_lost() would say so.
  [[nodiscard]] void* handle() { return events_.handle(); }

 private:
  void end();

  zmq::socket_t& dealer_;
  zmq::socket_t events_;
};

/// Waits until an item is ready or the time has come, whichever is first. May return early.
/// @param until  none: without a bound
void wait_for(std::span<zmq::pollitem_t> items, std::optional<std::chrono::steady_clock::time_point> until);

/// The keepalive of every TCP connection of ours: a dead peer is noticed within a minute.
void set_keepalive(zmq::socket_t& socket);

/// The host of a HOST:PORT as other interfaces take it: `::1` for `[::1]`, anything else as it is.
[[nodiscard]] std::string without_brackets(const std::string& host);

/// The port of an endpoint such as `tcp://127.0.0.1:6000`.
[[nodiscard]] std::uint16_t port_of(const std::string& endpoint);

}  // namespace dti
