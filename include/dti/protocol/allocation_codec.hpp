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
inline constexpr std::size_t kReplyBytesMax = 4 * 1024 * 1024;  // of a reply; our clients accept no larger one
inline constexpr std::size_t kProgramsMax = 1'000;              // in one request
inline constexpr std::size_t kIdBytesMax = 64;                  // program-id and request-id; at least 1
inline constexpr int kJsonDepthMax = 32;                        // the outermost object is depth 1

/// A message that asks whether the server is ready. A ready server replies with the byte kHealthy; otherwise the server
/// does not reply.
struct HealthCheck {
  friend bool operator==(const HealthCheck&, const HealthCheck&) = default;
};
inline constexpr std::string_view kHealthy{"\x01", 1};

/// A request that the server rejects as a whole. The reply lists the programs that could be read.
struct MalformedRequest {
  std::string detail;          // starts with the field: `programs[2].labs: …`
  AllocationRequest readable;  // unreadable numbers are 0 and texts ""; only entries whose program-id is a text

  friend bool operator==(const MalformedRequest&, const MalformedRequest&) = default;
};

using DecodedRequest = std::variant<AllocationRequest, HealthCheck, MalformedRequest>;

/// Decodes a message from a faculty (or a proxy) to a server. Never throws for the content of `body`.
/// If there are several faults, `detail` names the first one in this order: faults of the JSON text (also a repeated
/// key, the depth and U+0000) in the order of the text; then semester, faculty-name, programs, and the program-id,
/// program-name, classrooms and labs of each entry; then request-id.
/// Source: docs/protocol.md.
[[nodiscard]] DecodedRequest decode_allocation_request(std::string_view body);

/// Decodes like decode_allocation_request(), but several times faster for the messages that faculties send. It keeps
/// its memory between bodies, at most 16 MiB. Thread: one.
class AllocationRequestDecoder {
 public:
  AllocationRequestDecoder();
  ~AllocationRequestDecoder();

  /// @param body  must be valid during the call only
  /// @return exactly the result of decode_allocation_request()
  [[nodiscard]] DecodedRequest decode(std::string_view body);

  /// Decodes well-formed requests and health checks without additional fields.
  /// @return the result of decode(); none for a body that needs decode_allocation_request()
  [[nodiscard]] std::optional<DecodedRequest> decode_plain(std::string_view body);

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

/// The bytes of a request.
[[nodiscard]] std::string encode_allocation_request(const AllocationRequest& request);

/// The bytes of the reply to a request, at most kReplyBytesMax. Entries that do not fit are left out; this happens only
/// for a malformed request with more than kProgramsMax entries.
/// @param outcome  as many programs as the request, or an error: then each program gets zero rooms and the error's
///   status
[[nodiscard]] std::string encode_allocation_reply(const AllocationRequest& request, const Outcome& outcome);

/// Appends the same bytes to `out`. A caller that reuses the string avoids memory allocations.
void append_allocation_reply(std::string& out, const AllocationRequest& request, const Outcome& outcome);

/// Decodes a reply of a server, also of an old server. Entries that are not valid are left out. An entry needs its
/// numbers only if its status means that the program holds rooms; otherwise its grant is zero.
/// @return none if the body is not a JSON object, by the same strict rules as for a request
[[nodiscard]] std::optional<AllocationReply> decode_allocation_reply(std::string_view body);

}  // namespace dti
