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
/// Source: docs/protocol.md, Restrictions by old peers.
/// @param address  an IPv4 or IPv6 address (with or without brackets) or an interface's name
/// @param port  0: any free one
/// @throws std::runtime_error  with a sentence that names the address
[[nodiscard]] zmq::socket_t bind_router(zmq::context_t& context, const std::string& address, std::uint16_t port);

/// A DEALER with every option set, for connect_dealer().
[[nodiscard]] zmq::socket_t make_dealer(zmq::context_t& context);

/// Connects a DEALER once, in the background. A connection that fails or breaks is not made again: close the socket.
/// Messages that are sent before the connection stands wait for it; closing the socket drops them.
/// @param address  numeric, so that libzmq has no name to look up: `10.0.0.1:6000`, `[fd77::3]:6000`
/// @throws std::runtime_error  with a sentence that names the address
void connect_dealer(zmq::socket_t& dealer, const std::string& address);

/// An event in the life of a dealer's connection.
enum class ConnectionEvent {
  kAccepted,         // TCP is connected
  kReady,            // the ZeroMQ handshake is done
  kHandshakeFailed,  // the peer does not speak ZeroMQ
  kNotConnected,     // TCP could not be connected
  kClosed,           // the connection is closed
};

/// Tells of a dealer's connection. Thread: the dealer's.
class ConnectionWatch {
 public:
  /// @param dealer  outlives this, and is connected later: earlier events are not told
  ConnectionWatch(zmq::context_t& context, zmq::socket_t& dealer);
  /// If nobody can take an event, libzmq's I/O thread waits for ever, and all connections of the context with it.
  /// So the destructor first tells it to send none.
  ~ConnectionWatch();
  ConnectionWatch(const ConnectionWatch&) = delete;
  ConnectionWatch& operator=(const ConnectionWatch&) = delete;

  /// The next event, if there is one. Does not wait.
  [[nodiscard]] std::optional<ConnectionEvent> next();
  /// To be polled: readable when next() has one.
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
