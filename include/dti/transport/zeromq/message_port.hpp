#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

#include "dti/base/actions.hpp"
#include "dti/base/time.hpp"
#include "dti/keys/key_ring.hpp"

namespace dti {

/// A message from a peer. It waits for its reply.
struct PeerMessage {
  Token token = 0;           // for the reply
  std::string_view peer;     // the routing id; valid until the reply
  std::string_view body;     // valid until the next receive()
  std::size_t bytes = 0;     // of the whole message, with its envelope and routing id
  bool is_too_long = false;  // the message has too many frames; then it has no body
  KeyNumber key = 0;         // that the peer has proved, listed when the message was received; 0: a plain endpoint
  /// More than 0: the peer has sent too many messages, so its request must be refused. It may repeat it after this time.
  std::chrono::milliseconds retry_after{0};
};

/// Receives the messages of peers and sends the replies. RouterPort implements it with a socket; the simulation has its
/// own implementation.
/// Thread: one.
class MessagePort {
 public:
  virtual ~MessagePort() = default;

  /// The next message; none if there is none. Never waits. Each message needs a reply() or a forget().
  [[nodiscard]] virtual std::optional<PeerMessage> receive() = 0;
  /// Sends the reply to a message, in the envelope of that message.
  /// @param token  of a message that waits; each message gets at most one reply
  virtual void reply(Token token, std::string_view body, SteadyTime now) = 0;
  /// Removes a message that waits. It gets no reply.
  virtual void forget(Token token) = 0;
  /// The size of the routing ids and envelopes of all messages that wait, in bytes.
  [[nodiscard]] virtual std::size_t waiting_bytes() const = 0;
};

}  // namespace dti
