#include "transport/zeromq/sockets.hpp"

#include <cerrno>
#include <span>
#include <stdexcept>

#include "dti/keys/zap_message.hpp"
#include "dti/transport/zeromq/host_port.hpp"

namespace dti {
namespace {

constexpr int kQueueMax = 4'096;  // messages to send, per peer; a faculty has few unanswered requests
// Messages per peer that were received and not read. We read all the time; further messages wait in TCP. A message may
// have megabytes, so that a hostile peer must not fill a long queue.
constexpr int kReceiveMax = 128;
// Connections that wait to be accepted. With a smaller number, a thousand simultaneous clients wait seconds for TCP.
constexpr int kBacklog = 4'096;      // the kernel cuts it to net.core.somaxconn
constexpr int kHandshakeMs = 5'000;  // a connection without a complete handshake is closed after this time
constexpr int kNeverMs = 3'600'000;  // we close a failed connection long before
constexpr int kLingerMs = 200;       // of the 2 s of a stop; the store may take 1.5 s, and late replies 0.2 s

/// Lets TCP detect a dead peer within a minute.
void set_keepalive(zmq::socket_t& socket) {
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::tcp_keepalive_idle, 30);
  socket.set(zmq::sockopt::tcp_keepalive_intvl, 10);
  socket.set(zmq::sockopt::tcp_keepalive_cnt, 3);
}

zmq::const_buffer buffer(std::span<const std::uint8_t, kKeyBytes> key) { return {key.data(), key.size()}; }

void require_curve() {
  if (zmq_has("curve") == 0) throw std::runtime_error("this libzmq was built without CURVE, which keys need");
}

}  // namespace

zmq::socket_t make_router(zmq::context_t& context, std::size_t frame_bytes_max, const PortLock* lock) {
  zmq::socket_t router{context, zmq::socket_type::router};
  router.set(zmq::sockopt::router_mandatory, true);  // a reply to a peer that has left is an error
  router.set(zmq::sockopt::router_handover, true);   // old peers connect again with the same routing id
  router.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(frame_bytes_max));
  router.set(zmq::sockopt::sndhwm, kQueueMax);
  router.set(zmq::sockopt::rcvhwm, kReceiveMax);
  router.set(zmq::sockopt::backlog, kBacklog);
  router.set(zmq::sockopt::handshake_ivl, kHandshakeMs);
  // With a ZAP domain, libzmq closes connections of ZMTP 1.0 and 2.0, and of peers that send plain text, at once.
  // Without a ZAP domain, libzmq 4.3.5 accepts their handshake and never closes them. Without a ZAP handler, ZMTP 3
  // peers connect normally.
  router.set(zmq::sockopt::zap_domain, kZapDomain);
  if (lock != nullptr) {
    require_curve();
    router.set(zmq::sockopt::curve_secretkey, buffer(lock->secret.bytes()));
    router.set(zmq::sockopt::curve_server, false);  // bind_router() decides for each endpoint
  }
  router.set(zmq::sockopt::linger, kLingerMs);
  set_keepalive(router);
  return router;
}

void bind_router(zmq::socket_t& router, const std::string& bracketed, std::uint16_t port, bool is_secured) {
  // The only names that libzmq accepts are those of network interfaces.
  const auto address = bracketed == "localhost" ? "127.0.0.1" : without_brackets(bracketed);
  const bool is_ipv6 = address.find(':') != std::string::npos;
  router.set(zmq::sockopt::ipv6, is_ipv6);
  router.set(zmq::sockopt::curve_server, is_secured);  // libzmq copies the options of the socket at each bind
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
}

zmq::socket_t make_dealer(zmq::context_t& context, std::size_t frame_bytes_max, const ClientLock* lock) {
  zmq::socket_t dealer(context, zmq::socket_type::dealer);
  dealer.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(frame_bytes_max));
  dealer.set(zmq::sockopt::sndhwm, kQueueMax);
  dealer.set(zmq::sockopt::rcvhwm, kReceiveMax);
  dealer.set(zmq::sockopt::linger, 0);
  dealer.set(zmq::sockopt::handshake_ivl, kHandshakeMs);
  // The owner decides when and where to connect again. The value is not -1, because then libzmq does not report every
  // failure.
  dealer.set(zmq::sockopt::reconnect_ivl, kNeverMs);
  set_keepalive(dealer);
  if (lock != nullptr) {
    require_curve();
    dealer.set(zmq::sockopt::curve_publickey, buffer(lock->own.public_key.bytes));
    dealer.set(zmq::sockopt::curve_secretkey, buffer(lock->own.secret_key.bytes()));
    dealer.set(zmq::sockopt::curve_serverkey, buffer(lock->server.bytes));
  }
  return dealer;
}

void connect_dealer(zmq::socket_t& dealer, const std::string& address) try {
  dealer.set(zmq::sockopt::ipv6, address.starts_with('['));
  dealer.connect(address.starts_with(kIpc) ? address : "tcp://" + address);
} catch (const zmq::error_t& error) {
  throw std::runtime_error("cannot connect to " + address + ": " + error.what());
}

}  // namespace dti
