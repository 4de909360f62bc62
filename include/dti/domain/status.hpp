#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dti {

/// How a request, or one program of it, was answered; in the order in which they are checked. Source: docs/protocol.md, Statuses.
enum class Status : std::uint8_t {
  kInvalidRequest,
  kUnauthorized,
  kNotLeader,
  kOverloaded,
  kUnavailable,
  kInvalidSemester,
  kInvalidFaculty,
  kInvalidProgram,
  kAlreadyHasResources,
  kNotEnoughResources,
  kOk,
};

inline constexpr int kStatusCount = 11;

/// The code on the wire, such as `NOT-LEADER`.
[[nodiscard]] std::string_view wire_text(Status status);

/// The status with that code, if there is one.
[[nodiscard]] std::optional<Status> status_from_wire(std::string_view text);

/// May the same request succeed when it is sent again, here or to another server?
[[nodiscard]] bool may_retry(Status status);

/// Does the status belong to the whole request (`error-found`), rather than to one of its programs?
[[nodiscard]] bool is_whole_request(Status status);

}  // namespace dti
