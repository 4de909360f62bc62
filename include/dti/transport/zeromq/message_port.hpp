#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "dti/base/actions.hpp"
#include "dti/base/time.hpp"

namespace dti {

/// A message of a peer, which waits for its reply.
struct PeerMessage {
  Token token = 0;           // for the reply
  std::string_view peer;     // the routing id; valid until the reply
  std::string_view body;     // valid until the next receive()
  std::size_t bytes = 0;     // of the whole message, with its envelope and routing id
  bool is_too_long = false;  // it has more frames than a message may have; it has no body then
};

/// Where messages of peers come from, and the way back to each of them. RouterPort has a socket; the simulation has a
/// port of its own.
/// Thread: one.
class MessagePort {
 public:
  virtual ~MessagePort() = default;

  /// The next message, if there is one. Never waits. Each message needs a reply() or a forget().
  [[nodiscard]] virtual std::optional<PeerMessage> receive() = 0;
  /// Sends the reply to a message, in the envelope of that message.
  /// @param token  of a message that waits; each is answered once
  virtual void reply(Token token, std::string_view body, SteadyTime now) = 0;
  /// A message that waits gets no reply.
  virtual void forget(Token token) = 0;
  /// How many bytes the routing ids and envelopes of the messages that wait have.
  [[nodiscard]] virtual std::size_t waiting_bytes() const = 0;
};

}  // namespace dti
