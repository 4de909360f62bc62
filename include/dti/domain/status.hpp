#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dti {

/// The status of a request, or of one program in it, in the order in which the server checks them.
/// Source: docs/protocol.md, Statuses.
enum class Status : std::uint8_t {
  kInvalidRequest,
  kUnauthorized,
  kNotLeader,
  kOverloaded,
  kUnavailable,
  kInvalidSemester,
  kInvalidFaculty,
  kConflict,
  kRefused,
  kHoldConfirmed,
  kHoldCancelled,
  kHoldExpired,
  kInvalidProgram,
  kGrantReleased,
  kAlreadyHasResources,
  kNotEnoughResources,
  kOk,
};

inline constexpr int kStatusCount = 17;

/// The code of the status on the wire, such as `NOT-LEADER`.
[[nodiscard]] std::string_view wire_text(Status status);

/// The status with that code on the wire; none if the code is unknown.
[[nodiscard]] std::optional<Status> status_from_wire(std::string_view text);

/// Tells whether the same request may succeed if the client sends it again, to the same or another server.
[[nodiscard]] bool may_retry(Status status);

/// Tells whether the status belongs to the whole request (`error-found`). Otherwise it belongs to one program.
[[nodiscard]] bool is_whole_request(Status status);

}  // namespace dti
