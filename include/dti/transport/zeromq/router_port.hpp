#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dti/base/log.hpp"
#include "dti/base/time.hpp"
#include "dti/transport/zeromq/message_port.hpp"
#include "dti/transport/zeromq/poll.hpp"

namespace zmq {
class context_t;
}

namespace dti {

struct RouterPortOptions {
  std::string host;                 // an IPv4 or IPv6 address of this machine, or an interface's name
  std::uint16_t port = 0;           // 0: any free one
  std::size_t frame_bytes_max = 0;  // libzmq closes a connection that sends a larger frame
  LogEvent dropped;                 // logged when replies are dropped, with the field dropped-in-all: their number
};

/// The socket that peers send their messages to, and the way back to each of them: a reply leaves in the envelope of its
/// message. Replies never wait for their readers. The reply to a peer that has left, or that does not read for 5 s, is
/// dropped and logged with their number, at most once a second. The port can be closed with all its connections, and
/// opened again at the same address, at once or after it was parked.
/// Thread: one.
class RouterPort final : public MessagePort {
 public:
  static constexpr std::size_t kFramesMax = 4;  // of a message, without its routing id

  /// Listens.
  /// @throws std::runtime_error  with a sentence for people, if it cannot listen there
  RouterPort(const RouterPortOptions& options, LogSink log);
  ~RouterPort() override;
  RouterPort(const RouterPort&) = delete;
  RouterPort& operator=(const RouterPort&) = delete;

  [[nodiscard]] std::optional<PeerMessage> receive() override;
  /// The reply is dropped if the port was closed after the message came: the connection is gone, and another peer may
  /// have its routing id.
  void reply(Token token, std::string_view body, SteadyTime now) override;
  void forget(Token token) override;
  [[nodiscard]] std::size_t waiting_bytes() const override;
  /// How many messages wait for their reply.
  [[nodiscard]] std::size_t waiting_count() const;

  /// Sends replies that were kept for their readers, and logs those that were dropped. To be called at wake_at() and
  /// after replies.
  void retry(SteadyTime now);
  /// Are replies kept, because their readers are slow?
  [[nodiscard]] bool keeps_replies() const;
  /// How many replies were dropped.
  [[nodiscard]] std::uint64_t dropped() const;

  /// Closes every connection and waits until libzmq has freed what it held: milliseconds. It listens again at the next
  /// listen_again().
  void close(SteadyTime now);
  /// Closes every connection once the last replies are handed to the kernel, or after 0.2 s. Peers are refused until
  /// listen(), and no other process gets the port.
  /// @throws std::system_error  if another process has taken the port, which only happens the first time
  void park();
  /// Listens after park(); if the port is not free yet, listen_again() tries again.
  void listen(SteadyTime now);
  /// Listens again after close(), once its time has come. To be called at wake_at().
  /// @throws std::runtime_error  once the port was not free for 5 s, with a sentence for people
  void listen_again(SteadyTime now);
  /// Waits until the last replies are handed to the kernel, or for 0.2 s, and closes. Connections of context() have to
  /// be gone. Nothing may be called after it.
  void finish();

  [[nodiscard]] bool is_bound() const;
  [[nodiscard]] bool is_parked() const;
  /// How often the connections were closed.
  [[nodiscard]] std::uint64_t times_closed() const;
  /// Where it listens, such as `tcp://127.0.0.1:6000`, with the port that was found.
  [[nodiscard]] const std::string& address() const;
  /// When retry() or listen_again() is due; none: neither is.
  [[nodiscard]] std::optional<SteadyTime> wake_at() const;
  /// Ready when there is a message. To be called while it is bound.
  [[nodiscard]] PollItem poll_item();
  /// For connections of the same process, if this port is never closed or parked.
  [[nodiscard]] zmq::context_t& context();

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace dti
