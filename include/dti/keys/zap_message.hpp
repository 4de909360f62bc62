#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dti/keys/key.hpp"
#include "dti/keys/key_ring.hpp"

namespace dti {

// libzmq asks a handler in the process about each new connection, in ZAP (RFC 27).

inline constexpr const char* kZapAddress = "inproc://zeromq.zap.01";
inline constexpr const char* kZapDomain = "dti";
inline constexpr std::size_t kZapFramesMax = 7;  // of a request, without the envelope

/// A question of libzmq about a connection.
struct ZapRequest {
  std::string_view request_id;
  std::string_view address;      // of the peer, without its port
  std::optional<PublicKey> key;  // that the peer has proved; none: a plain endpoint
};

/// @param frames  after the empty one
/// @return none if it is not such a question
[[nodiscard]] std::optional<ZapRequest> parse_zap_request(std::span<const std::string_view> frames);

/// The identity that a connection with a key gets. It is unguessable, because a peer with the routing id of another one
/// would get its replies.
class IssuedId {
 public:
  /// A new one, from the random numbers of the system.
  IssuedId();

  /// It begins with a zero byte, as the ids that libzmq makes.
  [[nodiscard]] std::string routing_id() const;
  /// The text that libzmq attaches to each message of the connection.
  /// @param mark  of the KeyRing that has admitted the key
  [[nodiscard]] std::string user_id(std::string_view mark, KeyNumber key) const;

 private:
  std::string digits_;
};

/// The key of a message's connection: user_id() if the message came with the routing_id() of the same IssuedId.
/// @return 0 if it did not: the peer has another routing id than the one that it was given, or it has claimed a user id
///   itself, which libzmq passes on if no handler has given one
[[nodiscard]] KeyNumber key_of(std::string_view user_id, std::string_view mark, std::string_view routing_id);

/// The user id of the peers of plain endpoints.
[[nodiscard]] std::string plain_user_id(std::string_view mark);

/// The frames of an answer after the empty one: the connection is allowed.
/// @param routing_id  that the peer gets; empty: it chooses
[[nodiscard]] std::array<std::string, 6> allow(std::string_view request_id, std::string user_id,
                                               std::string_view routing_id);
/// The same: it is refused, and the peer learns nothing more.
[[nodiscard]] std::array<std::string, 6> refuse(std::string_view request_id);

}  // namespace dti
