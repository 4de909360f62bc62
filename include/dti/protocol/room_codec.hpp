#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "dti/domain/messages.hpp"

namespace dti {

/// A program's request that is refused.
struct MalformedRoomRequest {
  std::string detail;                   // names the field
  std::optional<std::string> semester;  // none: cannot be read
  std::string program_name;             // empty: cannot be read
};

/// Reads what a program sends to its faculty, by the same rules as a request to a server.
[[nodiscard]] std::variant<RoomRequest, MalformedRoomRequest> decode_room_request(std::string_view body);
[[nodiscard]] std::string encode_room_request(const RoomRequest& request);
[[nodiscard]] std::string encode_room_answer(const RoomAnswer& answer);

/// @return none if it is not a JSON object with a status; a status that is not known reads as kUnavailable
[[nodiscard]] std::optional<RoomAnswer> decode_room_answer(std::string_view body);

}  // namespace dti
