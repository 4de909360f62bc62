#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <zmq.hpp>

#include "dti/base/time.hpp"

namespace dti {

/// Sends replies through a ROUTER without ever waiting. A peer that reads more slowly than it is answered (a proxy whose
/// many requests were decided at once) is tried again for a while, in order; a peer that does not read at all loses its
/// replies, which are counted. Nobody else notices.
/// ZeroMQ counts messages of a peer, not bytes, and no option bounds all peers together. So the bytes that it holds are
/// counted here: each reply is charged when it is handed over, and ZeroMQ's I/O thread takes that back when it frees it.
/// Thread: the socket's.
class Outbox {
 public:
  static constexpr std::size_t kSentBytesMax = 128 * 1024 * 1024;      // that ZeroMQ holds of all peers, but for:
  static constexpr std::size_t kSentBytesOfPeerMin = 16 * 1024;        // what each peer may have in any case
  static constexpr std::size_t kSentBytesOfPeerMax = 4 * 1024 * 1024;  // or one larger reply, if it has no other
  // Of all peers; half of it of one: the replies to all requests that may wait in a server, if one peer asked them all.
  static constexpr std::size_t kKeptBytesMax = 192 * 1024 * 1024;

  explicit Outbox(zmq::socket_t& router) : router_(router) {}
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// @param frames  the first is the peer's routing id, and at least one follows
  void send(std::vector<zmq::message_t> frames, SteadyTime now);
  /// Tries again what was kept; to be called at wake_at().
  void retry(SteadyTime now);
  /// Lets everything go that was kept: the socket has been closed, and its peers with it.
  void drop_all();
  /// A reply was let go elsewhere.
  void count_drop() { ++dropped_; }

  /// When retry() wants to be called; none: nothing is kept.
  [[nodiscard]] std::optional<SteadyTime> wake_at() const { return wake_at_; }
  /// How many replies were let go: their peer had gone, or did not read.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  /// How many bytes ZeroMQ holds: of replies that no peer has taken yet.
  [[nodiscard]] std::size_t sent_bytes() const { return *sent_bytes_; }

 private:
  // Shared with ZeroMQ's I/O thread, and alive for as long as one of its messages is.
  using Bytes = std::shared_ptr<std::atomic<std::size_t>>;
  struct Charge;

  struct Reply {
    std::vector<zmq::message_t> frames;
    std::size_t bytes = 0;
    SteadyTime since;
    bool charged = false;
  };
  struct Peer {
    Bytes sent_bytes;  // that ZeroMQ holds
    std::deque<Reply> kept;
    std::size_t kept_bytes = 0;
  };
  enum class Handed { kSent, kDropped, kNotYet };

  [[nodiscard]] Handed hand_over(const Peer& peer, Reply& reply);
  [[nodiscard]] bool may_send(const Peer& peer, std::size_t bytes) const;
  void charge(const Peer& peer, Reply& reply) const;
  void send_some(Peer& peer, SteadyTime now);
  void forget_idle_peers();

  zmq::socket_t& router_;
  std::unordered_map<std::string, Peer> peers_;  // by routing id; those of which nothing waits go now and then
  std::size_t forget_at_ = 1'024;                // so many peers
  std::vector<std::string> keeping_;             // the peers of which something is kept
  std::size_t kept_bytes_ = 0;
  std::optional<SteadyTime> wake_at_;
  std::uint64_t dropped_ = 0;
  Bytes sent_bytes_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace dti
