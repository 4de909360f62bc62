#pragma once

#include <cstdint>
#include <utility>

#include <zmq.hpp>

namespace dti {

/// Counts the connections of a socket that listens, and the handshakes that failed, from what libzmq reports of them.
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

  /// Handshakes that failed since the last call, as far as update() knows.
  struct Failures {
    std::uint64_t mechanism = 0;  // a plain peer at a secured endpoint, or the other way round
    std::uint64_t other = 0;      // without those that the ZAP handler refused
  };
  [[nodiscard]] Failures take_failures() { return std::exchange(failures_, {}); }

 private:
  zmq::socket_t& socket_;
  zmq::socket_t events_;
  std::uint64_t count_ = 0;
  Failures failures_;
};

}  // namespace dti
