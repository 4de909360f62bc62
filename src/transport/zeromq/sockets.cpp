#include "dti/transport/zeromq/sockets.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "dti/protocol/allocation_codec.hpp"
#include "dti/transport/zeromq/frames.hpp"

namespace dti {
namespace {

using std::chrono::milliseconds;

constexpr int kQueueMax = 4'096;  // messages each way a peer; a faculty has a handful under way
// Messages that a ROUTER has not read yet, a peer: it always reads, and what is over it waits in the peer's TCP.
constexpr int kReceiveMax = 128;
// Connections that wait to be accepted: with fewer, a thousand who come at once wait seconds for TCP to try again.
constexpr int kBacklog = 4'096;      // the kernel cuts it to net.core.somaxconn
constexpr int kHandshakeMs = 5'000;  // a connection that does not say hello is closed
constexpr int kNeverMs = 3'600'000;  // longer than any connection of ours is kept after it failed
constexpr int kHandshakeFailures =
    ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
constexpr int kLingerMs = 200;       // a stop has 2 s: the store may take 1.5 s, late answers 0.2 s

}  // namespace

zmq::socket_t bind_router(zmq::context_t& context, const std::string& bracketed, std::uint16_t port) {
  const auto address = without_brackets(bracketed);
  zmq::socket_t router{context, zmq::socket_type::router};
  router.set(zmq::sockopt::router_mandatory, true);  // a reply that nobody takes is an error that we can count
  router.set(zmq::sockopt::router_handover, true);   // old peers come back under their routing id
  router.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(kFrameBytesMax));
  router.set(zmq::sockopt::sndhwm, kQueueMax);
  router.set(zmq::sockopt::rcvhwm, kReceiveMax);
  router.set(zmq::sockopt::backlog, kBacklog);
  router.set(zmq::sockopt::handshake_ivl, kHandshakeMs);
  // With a ZAP domain libzmq closes peers of ZMTP 1.0 and 2.0, and those that send plain text, at once. Without one,
  // libzmq 4.3.5 takes their handshake for done and never closes them. No ZAP handler is there to ask, so peers of
  // ZMTP 3 connect as before.
  router.set(zmq::sockopt::zap_domain, "dti");
  router.set(zmq::sockopt::linger, kLingerMs);
  set_keepalive(router);
  const bool is_ipv6 = address.find(':') != std::string::npos;
  router.set(zmq::sockopt::ipv6, is_ipv6);
  const auto host = is_ipv6 ? "[" + address + "]" : address;
  const auto endpoint = "tcp://" + host + ":" + (port == 0 ? "*" : std::to_string(port));
  try {
    router.bind(endpoint);
  } catch (const zmq::error_t& error) {
    std::string hint;
    if (error.num() == EADDRINUSE) hint = " (another process listens there: stop it, or choose another port)";
    if (error.num() == EADDRNOTAVAIL || error.num() == ENODEV) hint = " (it is not an address of this machine)";
    throw std::runtime_error("cannot listen on " + endpoint + ": " + error.what() + hint);
  }
  return router;
}

std::string without_brackets(const std::string& host) {
  const bool has_them = host.size() > 2 && host.front() == '[' && host.back() == ']';
  return has_them ? host.substr(1, host.size() - 2) : host;
}

zmq::socket_t make_dealer(zmq::context_t& context) {
  zmq::socket_t dealer(context, zmq::socket_type::dealer);
  dealer.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(kReplyBytesMax));
  dealer.set(zmq::sockopt::sndhwm, kQueueMax);
  dealer.set(zmq::sockopt::rcvhwm, kQueueMax);
  dealer.set(zmq::sockopt::linger, 0);
  dealer.set(zmq::sockopt::handshake_ivl, kHandshakeMs);
  // The owner decides when to connect again, and where. Not -1: then libzmq does not tell of every failure.
  dealer.set(zmq::sockopt::reconnect_ivl, kNeverMs);
  set_keepalive(dealer);
  return dealer;
}

void connect_dealer(zmq::socket_t& dealer, const std::string& address) try {
  dealer.set(zmq::sockopt::ipv6, address.starts_with('['));
  dealer.connect("tcp://" + address);
} catch (const zmq::error_t& error) {
  throw std::runtime_error("cannot connect to " + address + ": " + error.what());
}

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
  std::memcpy(&event, frames->front().data(), sizeof event);
  switch (event) {
    case ZMQ_EVENT_CONNECTED: return ConnectionEvent::kAccepted;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return ConnectionEvent::kReady;
    case ZMQ_EVENT_CONNECT_RETRIED: return ConnectionEvent::kNotConnected;
    case ZMQ_EVENT_DISCONNECTED: return ConnectionEvent::kClosed;
    default: return ConnectionEvent::kHandshakeFailed;
  }
}

void wait_for(std::span<zmq::pollitem_t> items, std::optional<std::chrono::steady_clock::time_point> until) {
  milliseconds timeout{-1};
  if (until) {
    // Rounded up: a wake-up just before the time would only spin.
    const auto left = std::chrono::ceil<milliseconds>(*until - std::chrono::steady_clock::now());
    timeout = std::clamp(left, milliseconds{0}, milliseconds{std::chrono::hours{1}});
  }
  try {
    zmq::poll(items.data(), items.size(), timeout);
  } catch (const zmq::error_t& error) {
    if (error.num() != EINTR) throw;
    for (auto& item : items) item.revents = 0;
  }
}

void set_keepalive(zmq::socket_t& socket) {
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::tcp_keepalive_idle, 30);
  socket.set(zmq::sockopt::tcp_keepalive_intvl, 10);
  socket.set(zmq::sockopt::tcp_keepalive_cnt, 3);
}

std::uint16_t port_of(const std::string& endpoint) {
  return static_cast<std::uint16_t>(std::stoul(endpoint.substr(endpoint.rfind(':') + 1)));
}

}  // namespace dti
