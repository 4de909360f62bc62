#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <zmq.hpp>

namespace dti {

/// Sends replies through a ROUTER without ever waiting. A peer that reads more slowly than it is answered (a proxy whose
/// many requests were decided at once) is tried again for a while, in order; a peer that does not read at all loses its
/// replies, which are counted. Nobody else notices.
/// Thread: the socket's.
class Outbox {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Outbox(zmq::socket_t& router) : router_(router) {}

  /// @param frames  the first is the peer's routing id
  void send(std::vector<zmq::message_t> frames, Time now);
  /// Tries again what was kept; to be called at wake_at().
  void retry(Time now);

  /// When retry() wants to be called; none: nothing is kept.
  [[nodiscard]] std::optional<Time> wake_at() const { return wake_at_; }
  /// How many replies were let go: their peer had gone, or did not read.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  struct Reply {
    std::vector<zmq::message_t> frames;
    std::size_t bytes = 0;
    Time since;
  };

  [[nodiscard]] bool send_some(std::deque<Reply>& replies, Time now);

  zmq::socket_t& router_;
  std::unordered_map<std::string, std::deque<Reply>> kept_;  // by routing id, oldest first; none is empty
  std::size_t kept_bytes_ = 0;
  std::optional<Time> wake_at_;
  std::uint64_t dropped_ = 0;
};

}  // namespace dti
