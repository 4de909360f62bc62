#include "transport/zeromq/connection_watch.hpp"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>

#include "transport/zeromq/frames.hpp"

namespace dti {
namespace {

constexpr int kHandshakeFailures =
    ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

}  // namespace

ConnectionWatch::ConnectionWatch(zmq::context_t& context, zmq::socket_t& dealer)
    : dealer_(dealer), events_(context, zmq::socket_type::pair) {
  static std::atomic<std::uint64_t> number{0};
  const auto address = "inproc://connection-" + std::to_string(++number);
  events_.set(zmq::sockopt::linger, 0);
  constexpr int kEvents = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_DISCONNECTED |
                          ZMQ_EVENT_HANDSHAKE_SUCCEEDED | kHandshakeFailures;
  if (zmq_socket_monitor(dealer.handle(), address.c_str(), kEvents) != 0) throw zmq::error_t();
  try {
    events_.connect(address);
  } catch (...) {
    end();
    throw;
  }
}

ConnectionWatch::~ConnectionWatch() { end(); }

void ConnectionWatch::end() { zmq_socket_monitor(dealer_.handle(), nullptr, 0); }

std::optional<ConnectionEvent> ConnectionWatch::next() {
  // The first frame has the event's number and a value; the second one has an address.
  const auto frames = receive_frames(events_, 2);
  if (!frames || frames->front().size() < sizeof(std::uint16_t)) return std::nullopt;
  std::uint16_t event = 0;
  std::uint32_t value = 0;
  std::memcpy(&event, frames->front().data(), sizeof event);
  if (frames->front().size() >= sizeof event + sizeof value) {
    std::memcpy(&value, frames->front().data<char>() + sizeof event, sizeof value);
  }
  switch (event) {
    case ZMQ_EVENT_CONNECTED: return ConnectionEvent::kAccepted;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return ConnectionEvent::kReady;
    case ZMQ_EVENT_CONNECT_RETRIED: return ConnectionEvent::kNotConnected;
    case ZMQ_EVENT_DISCONNECTED: return ConnectionEvent::kClosed;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return ConnectionEvent::kKeyRefused;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      return value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH ? ConnectionEvent::kWrongMechanism
                                                                 : ConnectionEvent::kHandshakeFailed;
    default: return ConnectionEvent::kHandshakeFailed;
  }
}

}  // namespace dti
