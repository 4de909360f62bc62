#pragma once

#include <cstdint>

#include <zmq.hpp>

namespace dti {

/// Counts the connections of a socket that listens, from what libzmq reports of them.
/// Thread: the socket's.
class PeerCount {
 public:
  /// @param socket  outlives this
  PeerCount(zmq::context_t& context, zmq::socket_t& socket);
  ~PeerCount();
  PeerCount(const PeerCount&) = delete;
  PeerCount& operator=(const PeerCount&) = delete;

  /// Reads the reports since the last call, which libzmq keeps until then: to be called often. @return how many
  /// connections there are, with those whose handshake is not complete
  [[nodiscard]] std::uint64_t update();

 private:
  zmq::socket_t& socket_;
  zmq::socket_t events_;
  std::uint64_t count_ = 0;
};

}  // namespace dti
