#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <zmq.hpp>

#include "dti/base/time.hpp"
#include "transport/zeromq/outbox.hpp"
#include "transport/zeromq/port_hold.hpp"

namespace dti {

/// The ROUTER that clients reach, and the replies that wait for them. It can be closed, with all its connections, and
/// bound again at the same address: at once, or after it was parked for as long as nobody is to reach it.
/// Thread: one.
class Endpoint {
 public:
  static constexpr std::chrono::milliseconds kBindRetryInterval{20};
  /// A port that somebody else has taken meanwhile does not come back by waiting longer.
  static constexpr std::chrono::seconds kBindTime{5};

  /// Binds.
  /// @param frame_bytes_max  libzmq closes a connection that sends a larger frame
  /// @throws std::runtime_error  with a sentence for people
  Endpoint(const std::string& host, std::uint16_t port, std::size_t frame_bytes_max);

  /// Closes every connection and waits until ZeroMQ has freed what it held: milliseconds, as nothing lingers.
  void close(SteadyTime now);
  /// Closes every connection once its last replies are handed to the kernel, at most after the socket's linger. New ones
  /// are refused until listen(), and no other process gets the port.
  /// @throws std::system_error  if another process has taken the port, which only happens the first time
  void park();
  /// Parked: binds again, now or at wake_at().
  void listen(SteadyTime now);
  /// To be called at wake_at().
  /// @throws std::runtime_error  once kBindTime has passed since it was closed, with a sentence for people
  void bind_again(SteadyTime now);
  /// Waits until ZeroMQ has handed the last replies to the kernel, at most for the socket's linger, and closes.
  void finish();

  [[nodiscard]] bool is_bound() const { return static_cast<bool>(router_); }
  [[nodiscard]] bool is_parked() const { return is_parked_; }
  /// When bind_again() wants to be called; none: it is bound, or parked.
  [[nodiscard]] std::optional<SteadyTime> wake_at() const { return wake_at_; }
  /// Where it listens, such as `tcp://127.0.0.1:6000`.
  [[nodiscard]] const std::string& address() const { return address_; }
  /// How often it was closed. A peer's routing id is worth nothing after that: another peer may be given it.
  [[nodiscard]] std::uint64_t times_closed() const { return times_closed_; }

  [[nodiscard]] zmq::context_t& context() { return context_; }
  [[nodiscard]] zmq::socket_t& router() { return router_; }
  [[nodiscard]] Outbox& outbox() { return outbox_; }

 private:
  void close_connections();

  // Fixed after construction.
  const std::string host_;
  const std::size_t frame_bytes_max_;
  // A context of its own: its end says that everything has been freed.
  zmq::context_t context_;
  zmq::socket_t router_;
  const std::string address_;
  Outbox outbox_{router_};
  std::uint64_t times_closed_ = 0;
  std::optional<SteadyTime> wake_at_;
  SteadyTime give_up_at_{};
  bool is_parked_ = false;
  std::optional<PortHold> hold_;  // from the first time that it is parked
};

}  // namespace dti
