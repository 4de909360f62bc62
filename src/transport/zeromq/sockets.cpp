#include "transport/zeromq/sockets.hpp"

#include <cerrno>
#include <stdexcept>

#include "dti/transport/zeromq/host_port.hpp"

namespace dti {
namespace {

constexpr int kQueueMax = 4'096;  // messages each way a peer; a faculty has a handful under way
// Messages that a ROUTER has not read yet, a peer: it always reads, and what is over it waits in the peer's TCP.
constexpr int kReceiveMax = 128;
// Connections that wait to be accepted: with fewer, a thousand who come at once wait seconds for TCP to try again.
constexpr int kBacklog = 4'096;      // the kernel cuts it to net.core.somaxconn
constexpr int kHandshakeMs = 5'000;  // a connection that does not say hello is closed
constexpr int kNeverMs = 3'600'000;  // longer than any connection of ours is kept after it failed
constexpr int kLingerMs = 200;       // a stop has 2 s: the store may take 1.5 s, late answers 0.2 s

/// A dead peer is noticed within a minute.
void set_keepalive(zmq::socket_t& socket) {
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::tcp_keepalive_idle, 30);
  socket.set(zmq::sockopt::tcp_keepalive_intvl, 10);
  socket.set(zmq::sockopt::tcp_keepalive_cnt, 3);
}

}  // namespace

zmq::socket_t bind_router(zmq::context_t& context, const std::string& bracketed, std::uint16_t port,
                          std::size_t frame_bytes_max) {
  // libzmq takes no names but those of network interfaces.
  const auto address = bracketed == "localhost" ? "127.0.0.1" : without_brackets(bracketed);
  zmq::socket_t router{context, zmq::socket_type::router};
  router.set(zmq::sockopt::router_mandatory, true);  // a reply that nobody takes is an error that we can count
  router.set(zmq::sockopt::router_handover, true);   // old peers come back under their routing id
  router.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(frame_bytes_max));
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

zmq::socket_t make_dealer(zmq::context_t& context, std::size_t frame_bytes_max) {
  zmq::socket_t dealer(context, zmq::socket_type::dealer);
  dealer.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(frame_bytes_max));
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

}  // namespace dti
