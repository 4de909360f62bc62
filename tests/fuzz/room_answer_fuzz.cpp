// A program reads any bytes of a faculty, old or new, as a plain reading by docs/protocol.md does: rooms only from an
// answer that has all three numbers and tells of rooms, and UNAVAILABLE, which it may ask again, where that is not so.
// What was read is read back as it was written.
#include "dti/domain/name.hpp"
#include "dti/protocol/room_codec.hpp"
#include "fuzz/claim.hpp"
#include "fuzz/json_model.hpp"

namespace dti {
namespace {

void check(std::string_view body) {
  const auto answer = decode_room_answer(body);
  const auto json = model::sound_json(body);
  const auto code = json ? model::member(*json, "status") : model::Json{};
  claim(answer.has_value() == code.is_string(), "an answer is a sound JSON object with a status");
  if (!answer) return;

  RoomAnswer expected{model::status(code).value_or(Status::kUnavailable), {}, ""};
  expected.detail = model::text(model::member(*json, "detail")).value_or("");
  if (model::tells_of_rooms(expected.status)) {
    const auto classrooms = model::quantity(model::member(*json, "classrooms-assigned"));
    const auto labs = model::quantity(model::member(*json, "labs-assigned"));
    const auto mobile_labs = model::quantity(model::member(*json, "mobile-labs-assigned"));
    if (classrooms && labs && mobile_labs) {
      expected.grant = {*classrooms, *labs, *mobile_labs};
    } else {
      claim(!answer->detail.empty(), "who is told nothing certain is told why");
      expected = {Status::kUnavailable, {}, answer->detail};
    }
  }
  claim(*answer == expected, "an answer is read as docs/protocol.md says", answer->detail);
  claim(is_utf8(answer->detail), "what people are told is UTF-8", answer->detail);
  claim(decode_room_answer(encode_room_answer(*answer)) == answer, "an answer is read back as it was written");
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)
