// A faculty reads any bytes of a program as a plain reading by docs/protocol.md does: the request as it stands there,
// or a refusal of one line that names the field. What passes is read back as it was written, and its result file has a
// name that stays in its folder, or none.
#include "dti/domain/name.hpp"
#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/result_file.hpp"
#include "dti/protocol/room_codec.hpp"
#include "fuzz/claim.hpp"
#include "fuzz/json_model.hpp"

namespace dti {
namespace {

std::optional<RoomRequest> expected_request(std::string_view body) {
  const auto json = model::sound_json(body);
  if (!json || !json->is_object()) return {};
  const auto classrooms = model::quantity(model::member(*json, "classrooms"));
  const auto labs = model::quantity(model::member(*json, "labs"));
  if (!model::is_text(model::member(*json, "program-name"), 0, 200)) return {};
  if (!model::is_text(model::member(*json, "semester"), 0, 64)) return {};
  if (!classrooms || !labs) return {};
  RoomRequest request{(*json)["program-name"], (*json)["semester"], {*classrooms, *labs}, {}};
  if (model::has(*json, "client-id")) {
    if (!model::is_text((*json)["client-id"], 1, 64)) return {};
    request.client_id = (*json)["client-id"];
  }
  return request;
}

void check_file_name(const RoomRequest& request) {
  const auto name = result_file_name(request.program_name, request.semester);
  claim(name.find('/') == name.npos && name.find('\0') == name.npos, "a result file is in its folder", name);
  claim(name.size() <= 255 && is_utf8(name), "a result file has a name that file systems take", name);
  const auto plain = request.program_name + "_" + request.semester + ".txt";
  const bool is_plain = plain.size() <= 255 && plain.find('/') == plain.npos && plain.find('\0') == plain.npos;
  claim(!is_plain || name == plain, "a result file has its program's name", name);
}

void check(std::string_view body) {
  const auto decoded = decode_room_request(body);
  const auto expected = expected_request(body);
  const auto* request = std::get_if<RoomRequest>(&decoded);
  claim((request != nullptr) == expected.has_value(), "what is let pass is what docs/protocol.md lets pass");
  if (request != nullptr) {
    claim(*request == *expected, "a request is read as it stands there");
    const auto again = decode_room_request(encode_room_request(*request));
    claim(std::get<RoomRequest>(again) == *request, "a request is read back as it was written");
    check_file_name(*request);
  } else {
    const std::string& detail = std::get<MalformedRoomRequest>(decoded).detail;
    claim(is_utf8(detail) && detail.find(": ") != detail.npos && detail.find('\n') == detail.npos,
          "a refusal is one line of UTF-8 that names the field", detail);
    const RoomAnswer answer{Status::kInvalidRequest, {}, detail};
    claim(decode_room_answer(encode_room_answer(answer)) == answer, "a refusal can be told", detail);
  }
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)
