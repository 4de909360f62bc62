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
#include "dti/transport/zeromq/drops.hpp"

namespace dti {

/// Sends replies through a ROUTER and never waits. If a peer reads slowly (a proxy that gets the replies to many
/// requests at once), its replies are kept and tried again, in order. If a peer does not read at all, its replies are
/// dropped and counted. Other peers are not affected.
/// ZeroMQ limits the messages of one peer, but not their bytes and not the sum of all peers. Therefore this class
/// counts the bytes that ZeroMQ holds: it adds a reply when ZeroMQ gets it, and ZeroMQ's I/O thread subtracts it when
/// it frees the reply.
/// Thread: the thread of the socket.
class Outbox {
 public:
  static constexpr std::size_t kSentBytesMax = 128 * 1024 * 1024;      // the limit for all peers in ZeroMQ, except:
  static constexpr std::size_t kSentBytesOfPeerMin = 16 * 1024;        // each peer may always have this number of bytes
  static constexpr std::size_t kSentBytesOfPeerMax = 4 * 1024 * 1024;  // or one larger reply, if it has no other
  // The limit for the kept replies of all peers. One peer may have half of it: the replies to all requests that may
  // wait in a server, if one peer sent them all.
  static constexpr std::size_t kKeptBytesMax = 192 * 1024 * 1024;

  explicit Outbox(zmq::socket_t& router) : router_(router) {}
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// Sends, keeps or drops a reply.
  /// @param frames  the routing id of the peer, then at least one more frame
  void send(std::vector<zmq::message_t> frames, SteadyTime now);
  /// Tries to send the kept replies. Call it at wake_at().
  void retry(SteadyTime now);
  /// Drops all kept replies, because the socket and its connections were closed.
  void drop_all();
  /// Counts a reply that the caller dropped.
  void count_drop(DropReason reason) { ++drops_[static_cast<std::size_t>(reason)]; }

  /// The time at which retry() must be called; none: no reply is kept.
  [[nodiscard]] std::optional<SteadyTime> wake_at() const { return wake_at_; }
  /// The number of dropped replies: the peer had left, or did not read.
  [[nodiscard]] std::uint64_t dropped() const { return in_all(drops_); }
  /// The same, by reason.
  [[nodiscard]] const Drops& drops() const { return drops_; }
  /// The number of bytes that ZeroMQ holds, of replies that no peer has read yet.
  [[nodiscard]] std::size_t sent_bytes() const { return *sent_bytes_; }

 private:
  // Shared with ZeroMQ's I/O thread; it lives as long as the messages that refer to it.
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
  std::unordered_map<std::string, Peer> peers_;  // by routing id; forget_idle_peers() removes peers without replies
  std::size_t forget_at_ = 1'024;                // the number of peers at which forget_idle_peers() is called
  std::vector<std::string> keeping_;             // the peers that have kept replies
  std::size_t kept_bytes_ = 0;
  std::optional<SteadyTime> wake_at_;
  Drops drops_{};
  Bytes sent_bytes_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace dti
