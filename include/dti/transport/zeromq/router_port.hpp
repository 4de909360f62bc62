#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dti/base/log.hpp"
#include "dti/base/time.hpp"
#include "dti/quota/peer_limits.hpp"
#include "dti/transport/zeromq/drops.hpp"
#include "dti/transport/zeromq/locks.hpp"
#include "dti/transport/zeromq/message_port.hpp"
#include "dti/transport/zeromq/poll.hpp"
#include "dti/transport/zeromq/refusals.hpp"

namespace dti {

struct RouterPortOptions {
  std::vector<ListenAt> listen_at;    // at least one
  std::size_t frame_bytes_max = 0;    // libzmq closes a connection that sends a larger frame
  bool counts_peers = false;          // the owner calls count_peers() at least once a second
  LogEvent dropped;                   // logged when replies are dropped, with the field dropped-in-all: their number
  std::optional<PortLock> lock = {};  // needed for a secured address
  PeerLimits limits = {};             // those of connections need counts_peers
};

/// A socket that receives the messages of peers and sends the replies. A reply has the envelope of its message. reply()
/// never waits for the peer. If a peer has left, or does not read for 5 s, its replies are dropped; their number is
/// logged at most once a second. The port can be closed with all its connections, and opened again at the same address,
/// either at once or after it was parked. At a secured address, only peers with a listed key connect. A peer cannot
/// choose its routing id there, so it cannot get the replies of another one. Messages of a key that was removed are not
/// returned. Connections above a limit are closed within the time between two calls of retry() or count_peers().
/// Thread: one.
class RouterPort final : public MessagePort {
 public:
  static constexpr std::size_t kFramesMax = 4;  // of a message, without its routing id

  /// Begins to listen.
  /// @throws std::runtime_error  with a sentence for people, if it cannot listen there
  RouterPort(const RouterPortOptions& options, LogSink log);
  ~RouterPort() override;
  RouterPort(const RouterPort&) = delete;
  RouterPort& operator=(const RouterPort&) = delete;

  [[nodiscard]] std::optional<PeerMessage> receive() override;
  /// The reply is dropped if the port was closed after the message arrived: its connection has ended, and another peer
  /// may have the same routing id.
  void reply(Token token, std::string_view body, SteadyTime now) override;
  void forget(Token token) override;
  [[nodiscard]] std::size_t waiting_bytes() const override;
  /// The number of messages that wait for their reply.
  [[nodiscard]] std::size_t waiting_count() const;

  /// Sends the replies that are kept for slow peers, and logs the dropped ones. Call it at wake_at() and after replies.
  void retry(SteadyTime now);
  /// Tells whether replies are kept because their peers read slowly.
  [[nodiscard]] bool keeps_replies() const;
  /// The number of dropped replies since the construction.
  [[nodiscard]] std::uint64_t dropped() const;
  /// The same, by reason.
  [[nodiscard]] Drops drops() const;
  /// The connections and messages that were refused since the construction, by Refusal; without counts_peers, only kKey,
  /// kUnidentified and kTooMany.
  [[nodiscard]] Refusals refusals() const;
  /// How many connections there are; 0 without counts_peers. libzmq keeps a report of each new and closed connection
  /// until this call.
  [[nodiscard]] std::uint64_t count_peers();

  /// Replaces the list of the keys that may connect, and logs the differences. A removed key is refused from now on,
  /// and gets no replies. If it may be connected, all connections of secured endpoints are closed, because libzmq does
  /// not tell which one it has. Those of plain endpoints stay: an old peer would wait for its reply without end.
  void change_keys(const KeyList& keys);

  /// Changes the limits from now on. Connections that are there stay.
  void change_limits(const PeerLimits& limits);

  /// Closes every connection and waits until libzmq has freed their memory, for some milliseconds. The next
  /// listen_again() listens again.
  void close(SteadyTime now);
  /// Closes every connection when the kernel has the last replies, or after 0.2 s. Until listen(), connections are
  /// refused, and no other process can get the port.
  /// @throws std::system_error  if another process has taken the port, which can happen at the first call only
  void park();
  /// Listens again after park(). If the port is not free yet, listen_again() tries again.
  void listen(SteadyTime now);
  /// Listens again after close(), if wake_at() has passed. Call it at wake_at().
  /// @throws std::runtime_error  if the port was not free for 5 s, with a sentence for people
  void listen_again(SteadyTime now);
  /// Waits until the kernel has the last replies, at most for 0.2 s, and closes the port. No other function may be
  /// called after it.
  void finish();

  [[nodiscard]] bool is_bound() const;
  [[nodiscard]] bool is_parked() const;
  /// How many times the connections were closed.
  [[nodiscard]] std::uint64_t times_closed() const;
  /// The first address at which it listens, such as `tcp://127.0.0.1:6000` or `curve://127.0.0.1:6000`, with the port
  /// that was chosen.
  [[nodiscard]] const std::string& address() const;
  /// All of them, in the order of the options.
  [[nodiscard]] const std::vector<std::string>& addresses() const;
  /// The time at which retry() or listen_again() must be called; none: neither must be called.
  [[nodiscard]] std::optional<SteadyTime> wake_at() const;
  /// An item that is ready when there is a message. Call it only while is_bound().
  [[nodiscard]] PollItem poll_item();

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace dti
