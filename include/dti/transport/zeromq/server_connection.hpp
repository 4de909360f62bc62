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
#include "dti/transport/zeromq/lookups.hpp"
#include "dti/transport/zeromq/poll.hpp"

namespace zmq {
class context_t;
}

namespace dti {

/// A client's connection to HOST:PORT. It is made when there is something to send: the host's name is looked up, and its
/// addresses, IPv4 and IPv6, are tried one at a time until one of them completes a ZeroMQ handshake. The address that was
/// used last is tried last.
/// Thread: one.
class ServerConnection {
 public:
  /// The connection stands: messages that waited for it were sent.
  struct Connected {
    std::string skipped;  // why the addresses before were not used; empty if there were none
  };
  /// There is no connection. Messages that waited for it were not sent, and those that were sent will not be answered.
  struct Lost {
    std::string reason;  // a clause for people, with the address: `10.0.0.1:6000 refused the connection`
  };
  using Change = std::variant<Connected, Lost>;

  /// @param context  of a Context or a RouterPort; outlives this
  /// @param host_port  an IPv6 address stands in brackets
  /// @param try_time  how long the lookup may take, and each address
  /// @param reply_bytes_max  libzmq closes the connection if the peer sends a larger frame
  /// @throws std::runtime_error  with a sentence for people, if that cannot be an address
  ServerConnection(zmq::context_t& context, const std::string& host_port, std::chrono::milliseconds try_time,
                   std::size_t reply_bytes_max);
  ~ServerConnection();
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  /// Sends a message, or keeps it until the connection stands. Never blocks.
  /// @return false: too many wait already, and it was not taken
  bool send(std::span<const std::string_view> frames, SteadyTime now);
  /// The body of the peer's next message, if there is one; also after the connection was lost, until something is sent.
  [[nodiscard]] std::optional<std::string> receive();
  /// Ends the connection, and drops the messages that wait. The next one that is sent goes over another connection.
  void reset();

  /// Goes on, and says what happened; to be called until nothing did, when a poll item is ready and at wake_at().
  [[nodiscard]] std::optional<Change> update(SteadyTime now);
  /// Adds what wakes the caller.
  void add_poll_items(std::vector<PollItem>& items);
  [[nodiscard]] std::optional<SteadyTime> wake_at() const;

 private:
  enum class State { kIdle, kLookingUp, kConnecting, kConnected };
  struct Dealer;

  void try_next_address(SteadyTime now);
  void look_up(SteadyTime now);
  void connect(SteadyTime now);
  void take_lookup(SteadyTime now);
  /// Takes the events of the attempt to connect. @return did it succeed?
  bool follow_attempt(SteadyTime now);
  void send_waiting();
  void skip_address(const std::string& reason, SteadyTime now);
  void fail(std::string reason);

  // Fixed after construction.
  zmq::context_t& context_;
  std::string host_;
  std::uint16_t port_ = 0;
  const std::chrono::milliseconds try_time_;
  const std::size_t reply_bytes_max_;

  State state_ = State::kIdle;
  std::optional<std::string> fault_;  // why there is no connection; not told yet
  SteadyTime deadline_{};      // of the lookup, or of the attempt to connect
  std::vector<std::vector<std::string>> waiting_;

  std::shared_ptr<Lookup> lookup_;  // may outlive the attempt that started it, and serves the next one then
  SteadyTime lookup_started_{};
  std::vector<Address> addresses_;
  std::size_t next_address_ = 0;
  std::string skipped_;       // the addresses that failed since the connection was last wanted, and why
  std::string address_;       // of the latest attempt
  bool is_accepted_ = false;  // dealer_'s TCP connection stands
  std::unique_ptr<Dealer> dealer_;
};

}  // namespace dti
