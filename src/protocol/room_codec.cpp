#include "dti/protocol/room_codec.hpp"

#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/json_writer.hpp"
#include "protocol/fields.hpp"
#include "protocol/strict_json.hpp"

namespace dti {

std::variant<RoomRequest, MalformedRoomRequest> decode_room_request(std::string_view body) {
  const auto document = JsonDocument::parse(body);
  const JsonValue root = document.root();
  FieldReader reader{document.fault()};
  if (root.kind() != JsonKind::kObject) reader.fault("the message", "must be a JSON object");

  // The order of these reads decides which fault the detail names: the first one.
  RoomRequest request;
  request.program_name = reader.text(root, "", "program-name", {0, kNameBytesMax});
  request.semester = reader.text(root, "", "semester", {0, kSemesterBytesMax});
  request.want.classrooms = reader.quantity(root, "", "classrooms");
  request.want.labs = reader.quantity(root, "", "labs");
  request.client_id = reader.optional_text(root, "client-id", {1, kIdBytesMax});
  request.hold_seconds = reader.optional_hold_seconds(root);
  if (!reader.first_fault()) return request;

  const auto readable = [&](std::string_view key, std::size_t bytes_max) -> std::optional<std::string> {
    const JsonValue value = root[key];
    if (value.kind() != JsonKind::kString || value.text().size() > bytes_max) return std::nullopt;
    return std::string{value.text()};
  };
  return MalformedRoomRequest{*reader.first_fault(), readable("semester", kSemesterBytesMax),
                              readable("program-name", kNameBytesMax).value_or("")};
}

std::string encode_room_request(const RoomRequest& request) {
  std::string out;
  JsonWriter writer{out};
  writer.open_object();
  writer.text("program-name", request.program_name);
  writer.text("semester", request.semester);
  writer.number("classrooms", request.want.classrooms);
  writer.number("labs", request.want.labs);
  if (request.client_id) writer.text("client-id", *request.client_id);
  if (request.hold_seconds > 0) writer.number("hold-seconds", request.hold_seconds);
  writer.close_object();
  return out;
}

std::string encode_room_answer(const RoomAnswer& answer) {
  std::string out;
  JsonWriter writer{out};
  writer.open_object();
  writer.text("status", wire_text(answer.status));
  writer.number("classrooms-assigned", answer.grant.classrooms);
  writer.number("labs-assigned", answer.grant.labs);
  writer.number("mobile-labs-assigned", answer.grant.mobile_labs);
  if (!answer.expires_at.empty()) writer.text("expires-at", answer.expires_at);
  if (!answer.detail.empty()) writer.text("detail", answer.detail);
  writer.close_object();
  return out;
}

std::optional<RoomAnswer> decode_room_answer(std::string_view body) {
  const auto document = JsonDocument::parse(body);
  const JsonValue root = document.root();
  if (document.fault() || root["status"].kind() != JsonKind::kString) return {};

  FieldReader reader{std::nullopt};
  RoomAnswer answer;
  answer.status = status_of(root["status"].text());
  answer.detail = root["detail"].text();
  if (!carries_grant(answer.status)) return answer;

  answer.grant.classrooms = reader.quantity(root, "", "classrooms-assigned");
  answer.grant.labs = reader.quantity(root, "", "labs-assigned");
  answer.grant.mobile_labs = reader.quantity(root, "", "mobile-labs-assigned");
  answer.expires_at = root["expires-at"].text();
  // Without its numbers the grant is not known, and the program must repeat its request.
  if (reader.first_fault()) return RoomAnswer{Status::kUnavailable, {}, *reader.first_fault()};
  return answer;
}

}  // namespace dti
