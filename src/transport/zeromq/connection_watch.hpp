#pragma once

#include <optional>

#include <zmq.hpp>

namespace dti {

/// An event in the life of a dealer's connection.
enum class ConnectionEvent {
  kAccepted,         // TCP is connected
  kReady,            // the ZeroMQ handshake is done
  kHandshakeFailed,  // the peer does not speak ZeroMQ, or does not prove its key
  kWrongMechanism,   // one side uses keys, and the other one does not
  kKeyRefused,       // the peer does not accept the key of this process
  kNotConnected,     // TCP could not be connected
  kClosed,           // the connection is closed
};

/// Reports the events of a dealer's connection. Thread: the dealer's.
class ConnectionWatch {
 public:
  /// @param dealer  must outlive the watch. Connect it later, because earlier events are not reported
  ConnectionWatch(zmq::context_t& context, zmq::socket_t& dealer);
  /// Disables the events first: otherwise libzmq's I/O thread blocks forever on the unread socket and stalls all
  /// connections of the context.
  ~ConnectionWatch();
  ConnectionWatch(const ConnectionWatch&) = delete;
  ConnectionWatch& operator=(const ConnectionWatch&) = delete;

  /// The next event; none if there is none. Never waits.
  [[nodiscard]] std::optional<ConnectionEvent> next();
  /// A socket for a poll set, which is readable when next() has an event.
  [[nodiscard]] void* handle() { return events_.handle(); }

 private:
  void end();

  zmq::socket_t& dealer_;
  zmq::socket_t events_;
};

}  // namespace dti
