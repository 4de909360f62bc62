#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "dti/domain/messages.hpp"

namespace dti {

/// A request of a program that the faculty rejects.
struct MalformedRoomRequest {
  std::string detail;                   // starts with the field
  std::optional<std::string> semester;  // none: it could not be read
  std::string program_name;             // empty: it could not be read
};

/// Decodes a request from a program to its faculty, by the same rules as a request to a server.
[[nodiscard]] std::variant<RoomRequest, MalformedRoomRequest> decode_room_request(std::string_view body);
[[nodiscard]] std::string encode_room_request(const RoomRequest& request);
[[nodiscard]] std::string encode_room_answer(const RoomAnswer& answer);

/// Decodes the reply of a faculty. An unknown status is read as kUnavailable.
/// @return none if the body is not a JSON object with a status
[[nodiscard]] std::optional<RoomAnswer> decode_room_answer(std::string_view body);

}  // namespace dti
