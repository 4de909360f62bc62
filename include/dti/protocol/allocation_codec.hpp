#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "dti/domain/messages.hpp"
#include "dti/domain/name_fault.hpp"

namespace dti {

inline constexpr std::size_t kFrameBytesMax = 1024 * 1024;  // of a request; libzmq closes a connection that sends more
inline constexpr std::size_t kReplyBytesMax = 4 * 1024 * 1024;  // of a reply; what our clients accept
inline constexpr std::size_t kProgramsMax = 1'000;              // in one request
inline constexpr std::size_t kIdBytesMax = 64;                  // program-id and request-id; at least 1
inline constexpr int kJsonDepthMax = 32;                        // the outermost object is depth 1

/// Asks whether the server is ready; answered by the one byte kHealthy, or not at all.
struct HealthCheck {
  friend bool operator==(const HealthCheck&, const HealthCheck&) = default;
};
inline constexpr std::string_view kHealthy{"\x01", 1};

/// A request that is refused whole, with what of it could be read: its reply lists those programs.
struct MalformedRequest {
  std::string detail;          // names the field: `programs[2].labs: …`
  AllocationRequest readable;  // unreadable numbers as 0 and texts as ""; only entries whose program-id is a text

  friend bool operator==(const MalformedRequest&, const MalformedRequest&) = default;
};

using DecodedRequest = std::variant<AllocationRequest, HealthCheck, MalformedRequest>;

/// Reads what a faculty (or a proxy) sends to a server. Every body gets one of the three. Source: docs/protocol.md.
/// Of several faults, `detail` names the first in this order: the text as JSON (also a key given twice, depth, U+0000),
/// in the order of the text; then semester, faculty-name, programs, each entry's program-id, program-name, classrooms
/// and labs; then request-id.
[[nodiscard]] DecodedRequest decode_allocation_request(std::string_view body);

/// decode_allocation_request(), several times as fast for what a faculty sends. An object keeps its memory from body to
/// body, at most 16 MiB, and belongs to one thread.
class AllocationRequestDecoder {
 public:
  AllocationRequestDecoder();
  ~AllocationRequestDecoder();

  /// @param body  read during the call only
  /// @return what decode_allocation_request() returns for it, to the letter
  [[nodiscard]] DecodedRequest decode(std::string_view body);

  /// The fast way alone, for well-formed requests and health checks that hold no other fields.
  /// @return what decode() returns; none for a body that only decode_allocation_request() can judge
  [[nodiscard]] std::optional<DecodedRequest> decode_plain(std::string_view body);

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

/// The bytes of a request.
[[nodiscard]] std::string encode_allocation_request(const AllocationRequest& request);

/// The bytes of the reply to a request, at most kReplyBytesMax: entries that do not fit are left out, which only a
/// malformed request of more than kProgramsMax entries can bring about.
/// @param outcome  as many programs as the request, or an error: then each program gets zero rooms and the error's status
[[nodiscard]] std::string encode_allocation_reply(const AllocationRequest& request, const Outcome& outcome);

/// Puts the same bytes behind what `out` holds; a string that is used again and again spares the memory's allocation.
void append_allocation_reply(std::string& out, const AllocationRequest& request, const Outcome& outcome);

/// Reads a server's reply, also an old server's; entries that make no sense are left out.
/// Its numbers are needed only where the status says that rooms are held; with any other the grant reads as nothing.
/// @return none if it is not a JSON object, by the same strict reading as a request's
[[nodiscard]] std::optional<AllocationReply> decode_allocation_reply(std::string_view body);

}  // namespace dti
