#pragma once

#include <optional>

#include <zmq.hpp>

namespace dti {

/// An event in the life of a dealer's connection.
enum class ConnectionEvent {
  kAccepted,         // TCP is connected
  kReady,            // the ZeroMQ handshake is done
  kHandshakeFailed,  // the peer does not speak ZeroMQ
  kNotConnected,     // TCP could not be connected
  kClosed,           // the connection is closed
};

/// Reports the events of a dealer's connection. Thread: the dealer's.
class ConnectionWatch {
 public:
  /// @param dealer  outlives this, and is connected later: earlier events are not reported
  ConnectionWatch(zmq::context_t& context, zmq::socket_t& dealer);
  /// If the reader of the events is gone, libzmq's I/O thread waits for it without end, and all connections of the
  /// context wait with it. So the destructor first tells libzmq to send no more events.
  ~ConnectionWatch();
  ConnectionWatch(const ConnectionWatch&) = delete;
  ConnectionWatch& operator=(const ConnectionWatch&) = delete;

  /// The next event, if there is one. Does not wait.
  [[nodiscard]] std::optional<ConnectionEvent> next();
  /// To be polled: readable when next() has an event.
  [[nodiscard]] void* handle() { return events_.handle(); }

 private:
  void end();

  zmq::socket_t& dealer_;
  zmq::socket_t events_;
};

}  // namespace dti
