#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dti/base/time.hpp"
#include "dti/transport/zeromq/locks.hpp"
#include "dti/transport/zeromq/lookups.hpp"
#include "dti/transport/zeromq/poll.hpp"

namespace zmq {
class context_t;
}

namespace dti {

/// A client's connection to HOST:PORT, or to a socket file, `ipc://PATH`. It looks up the name of the host and tries the IPv4 and IPv6 addresses one at a
/// time until one of them completes a ZeroMQ handshake. It tries the address that it used last after the others. It
/// keeps no message for a later connection.
/// Thread: one.
class ServerConnection {
 public:
  /// The connection is established.
  struct Connected {
    std::string skipped;  // why earlier addresses were not used; empty if there were none
  };
  /// There is no connection. Messages that were sent get no reply.
  struct Lost {
    std::string reason;  // a clause for people, with the address: `10.0.0.1:6000 refused the connection`
  };
  using Change = std::variant<Connected, Lost>;

  /// @param context  of a Context or a RouterPort; must outlive the connection
  /// @param host_port  an IPv6 address needs brackets; or the address of a socket file
  /// @param try_time  the time limit for the lookup, and for each address
  /// @param reply_bytes_max  libzmq closes the connection if the peer sends a larger frame
  /// @param lock  for a secured endpoint of the server; none: a plain one
  /// @throws std::runtime_error  with a sentence for people, if `host_port` is not HOST:PORT
  ServerConnection(zmq::context_t& context, const std::string& host_port, std::chrono::milliseconds try_time,
                   std::size_t reply_bytes_max, std::optional<ClientLock> lock = {});
  ~ServerConnection();
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  /// Begins to make a connection, unless one is established or being made. update() reports Connected or Lost.
  void connect(SteadyTime now);
  /// Sends a message over the established connection. Never blocks.
  /// @return false if there is no connection, or its queue is full; then nothing was sent
  bool send(std::span<const std::string_view> frames);
  /// The body of the peer's next message; none if there is none. After the connection was lost, it still returns the
  /// messages that had arrived, until the next connect() or reset().
  [[nodiscard]] std::optional<std::string> receive();
  /// Closes the connection, or ends the attempt to make one. update() does not report this.
  void reset();

  /// Continues to connect, and reports one change. Call it when a poll item is ready and at wake_at(), until it returns
  /// none.
  [[nodiscard]] std::optional<Change> update(SteadyTime now);
  /// Adds the items that become ready when update() or receive() has something to do.
  void add_poll_items(std::vector<PollItem>& items);
  /// The time at which update() must be called; none: not before an item is ready.
  [[nodiscard]] std::optional<SteadyTime> wake_at() const;

 private:
  enum class State { kIdle, kLookingUp, kConnecting, kConnected };
  struct Dealer;

  void try_next_address(SteadyTime now);
  void look_up(SteadyTime now);
  void connect_to_next_address(SteadyTime now);
  void take_lookup(SteadyTime now);
  /// Handles the events of the attempt to connect.
  /// @return true if it succeeded
  bool follow_attempt(SteadyTime now);
  void skip_address(const std::string& reason, SteadyTime now);
  void fail(std::string reason);

  // Fixed after construction.
  zmq::context_t& context_;
  std::string socket_file_;  // `ipc://PATH`; empty: host_ and port_ count
  std::string host_;
  std::uint16_t port_ = 0;
  const std::chrono::milliseconds try_time_;
  const std::size_t reply_bytes_max_;
  const std::optional<ClientLock> lock_;

  State state_ = State::kIdle;
  std::optional<std::string> fault_;  // why there is no connection; update() has not reported it yet
  SteadyTime deadline_{};             // of the lookup, or of the attempt to connect

  std::shared_ptr<Lookup> lookup_;  // may outlive the attempt that started it; then the next attempt uses it
  SteadyTime lookup_started_{};
  std::vector<Address> addresses_;
  std::size_t next_address_ = 0;
  std::string skipped_;       // the addresses that failed in this attempt, and the reasons
  std::string address_;       // of the latest attempt
  bool is_accepted_ = false;  // the TCP connection of dealer_ is established
  std::unique_ptr<Dealer> dealer_;
};

}  // namespace dti
