#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <zmq.hpp>

#include "dti/base/time.hpp"
#include "dti/quota/peer_limits.hpp"
#include "dti/transport/zeromq/locks.hpp"
#include "transport/zeromq/outbox.hpp"
#include "transport/zeromq/peer_count.hpp"
#include "transport/zeromq/port_hold.hpp"
#include "transport/zeromq/zap_handler.hpp"

namespace dti {

/// The ROUTER to which clients connect, at one or more addresses, and its Outbox. It can be closed with all its
/// connections and bound again at the same addresses, either at once or after it was parked for a time in which no
/// client may connect. Thread: one.
class Endpoint {
 public:
  static constexpr std::chrono::milliseconds kBindRetryInterval{20};
  /// After this time another process has probably taken the port, and waiting longer does not help.
  static constexpr std::chrono::seconds kBindTime{5};

  /// Binds the socket.
  /// @param listen_at  at least one
  /// @param frame_bytes_max  libzmq closes a connection that sends a larger frame
  /// @param counts_peers  count_peers() is called often
  /// @param lock  needed if an address is secured
  /// @param on_refused  see ZapHandler; used with a lock only
  /// @param limits  of connections; used with counts_peers only
  /// @throws std::runtime_error  with a sentence for people
  Endpoint(std::vector<ListenAt> listen_at, std::size_t frame_bytes_max, bool counts_peers,
           std::optional<PortLock> lock = {}, ZapHandler::OnRefused on_refused = {}, const PeerLimits& limits = {});
  ~Endpoint() { close_sockets(); }
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  /// Closes every connection and waits until ZeroMQ has freed its memory, for some milliseconds. Replies that were not
  /// sent are dropped.
  void close(SteadyTime now);
  /// Closes the connections of the secured addresses. The others stay, and it listens on.
  void shut_secured();
  /// Closes every connection when the kernel has the last replies, at most after the linger time of the socket. Until
  /// listen(), connections are refused, and no other process can get the port.
  /// @throws std::system_error  if another process has taken the port, which can happen at the first call only
  void park();
  /// Binds again after park(), now or at wake_at().
  void listen(SteadyTime now);
  /// Tries to bind again after close(). Call it at wake_at().
  /// @throws std::runtime_error  when kBindTime has passed since close(), with a sentence for people
  void bind_again(SteadyTime now);
  /// Waits until the kernel has the last replies, at most for the linger time of the socket, and closes.
  void finish();

  [[nodiscard]] bool is_bound() const { return static_cast<bool>(router_); }
  [[nodiscard]] bool is_parked() const { return is_parked_; }
  /// The time at which bind_again() must be called; none: it is bound, or parked.
  [[nodiscard]] std::optional<SteadyTime> wake_at() const { return wake_at_; }
  /// The first address at which it listens, such as `tcp://127.0.0.1:6000` or `curve://127.0.0.1:6000`.
  [[nodiscard]] const std::string& address() const { return addresses_.front(); }
  /// All of them, in the order of the options.
  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }
  /// How many times it was closed. After that, earlier routing ids are invalid, because another peer may get the same
  /// id.
  [[nodiscard]] std::uint64_t times_closed() const { return times_closed_; }

  /// How many connections there are; 0 without counts_peers.
  [[nodiscard]] std::uint64_t count_peers() { return peers_ ? peers_->update() : 0; }
  /// Handshakes that failed since the last call; none without counts_peers.
  [[nodiscard]] PeerCount::Failures take_failures() { return peers_ ? peers_->take_failures() : PeerCount::Failures{}; }
  /// Connections that exceeded a limit since the last call; none without counts_peers.
  [[nodiscard]] PeerCount::Excess take_excess() { return peers_ ? peers_->take_excess() : PeerCount::Excess{}; }
  /// Ends the connection of a message; does nothing without counts_peers. See PeerCount::end().
  void end_connection(int descriptor, Network network) {
    if (peers_) peers_->end(descriptor, network);
  }
  /// Changes the limits of connections; those that are there stay.
  void change(const PeerLimits& limits);

  [[nodiscard]] const std::optional<PortLock>& lock() const { return lock_; }
  [[nodiscard]] zmq::socket_t& router() { return router_; }
  [[nodiscard]] Outbox& outbox() { return outbox_; }

 private:
  void bind();
  [[nodiscard]] std::string tcp_address(std::size_t i) const;
  void close_connections();
  void close_sockets();

  // Fixed after construction.
  std::vector<ListenAt> listen_at_;  // with the ports that were chosen
  const std::size_t frame_bytes_max_;
  const bool counts_peers_;
  const std::optional<PortLock> lock_;
  const ZapHandler::OnRefused on_refused_;
  std::vector<std::string> addresses_;
  // The endpoint has its own context, because the end of the context guarantees that all memory was freed.
  zmq::context_t context_;
  std::optional<ZapHandler> zap_;  // with lock_, while the context has sockets
  zmq::socket_t router_;
  std::optional<PeerCount> peers_;  // with counts_peers_, while it is bound
  PeerLimits limits_;
  Outbox outbox_{router_};
  std::uint64_t times_closed_ = 0;
  std::optional<SteadyTime> wake_at_;
  SteadyTime give_up_at_{};
  bool is_parked_ = false;
  std::deque<PortHold> holds_;  // one for each address, after the first park()
};

}  // namespace dti
