#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <zmq.hpp>

#include "dti/quota/accepted_connection.hpp"
#include "dti/quota/connection_table.hpp"
#include "dti/quota/network.hpp"
#include "dti/quota/peer_limits.hpp"

namespace dti {

/// Counts the connections of a socket that listens, and the handshakes that failed, from what libzmq reports of them, and
/// ends the connections that exceed a limit. libzmq has no limit of connections, and makes each one before its report.
/// Thread: the socket's.
class PeerCount {
 public:
  /// @param socket  outlives this. Bind it later, because earlier connections are not reported
  PeerCount(zmq::context_t& context, zmq::socket_t& socket, const PeerLimits& limits);
  ~PeerCount();
  PeerCount(const PeerCount&) = delete;
  PeerCount& operator=(const PeerCount&) = delete;

  /// Reads the reports since the last call, which libzmq keeps until then: to be called often. @return how many
  /// connections there are, with those whose handshake is not complete
  [[nodiscard]] std::uint64_t update();

  /// The port of an address to which the socket is bound.
  void add_port(std::uint16_t port) { ports_.push_back(port); }
  /// Ends a connection, if the descriptor still belongs to one of this network: it may have ended by itself.
  void end(int descriptor, Network network);
  /// From now on; connections that are there stay.
  void change(const PeerLimits& limits) { table_.change(limits); }

  /// Handshakes that failed since the last call, as far as update() knows.
  struct Failures {
    std::uint64_t mechanism = 0;  // a plain peer at a secured endpoint, or the other way round
    std::uint64_t other = 0;      // without those that the ZAP handler refused
  };
  [[nodiscard]] Failures take_failures() { return std::exchange(failures_, {}); }

  /// Connections that exceeded a limit since the last call, as far as update() knows.
  struct Excess {
    std::uint64_t of_address = 0;
    std::uint64_t in_all = 0;
    Network last = Network::kLocal;  // the peer of the last one
  };
  [[nodiscard]] Excess take_excess() { return std::exchange(excess_, {}); }

 private:
  void add(int descriptor);

  zmq::socket_t& socket_;
  zmq::socket_t events_;
  std::vector<std::uint16_t> ports_;
  ConnectionTable table_;
  AcceptedConnection connection_;
  Failures failures_;
  Excess excess_;
};

}  // namespace dti
