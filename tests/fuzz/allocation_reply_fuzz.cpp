// A faculty reads any bytes of a server, old or new, as a plain reading by docs/protocol.md does: it skips what is no
// sound JSON object, leaves out entries that make no sense, and takes rooms only from an entry that tells of rooms.
#include <chrono>

#include "dti/protocol/allocation_codec.hpp"
#include "fuzz/claim.hpp"
#include "fuzz/json_model.hpp"

namespace dti {
namespace {

using model::Json;

RequestError expected_error(const Json& json) {
  RequestError error;
  const auto status = model::status(model::member(json, "error-message"));
  error.status = status && model::is_of_the_whole(*status) ? *status : Status::kUnavailable;
  error.detail = model::text(model::member(json, "detail")).value_or("");
  error.leader = model::text(model::member(json, "leader")).value_or("");
  if (const auto wait = model::quantity(model::member(json, "retry-after-ms"))) {
    error.retry_after = std::chrono::milliseconds{*wait};
  }
  return error;
}

std::optional<RepliedProgram> expected_program(const Json& entry) {
  const auto id = model::text(model::member(entry, "program-id"));
  const Json status = model::member(entry, "status-message");
  if (!id || id->empty() || !status.is_string()) return {};
  RepliedProgram program{*id, model::status(status).value_or(Status::kUnavailable), {}};
  program.detail = model::text(model::member(entry, "detail")).value_or("");
  const bool tells = model::tells_of_rooms(program.status);
  std::array<Quantity, 3> rooms{};
  std::size_t index = 0;
  for (const char* key : {"classrooms", "labs", "mobile-labs"}) {
    const auto value = model::quantity(model::member(entry, key));
    if (!value && (tells || model::has(entry, key))) return {};
    rooms[index++] = value.value_or(0);
  }
  if (tells) program.grant = {rooms[0], rooms[1], rooms[2]};
  if (tells) program.expires_at = model::text(model::member(entry, "expires-at")).value_or("");
  return program;
}

std::optional<AllocationReply> expected_reply(std::string_view body) {
  const auto json = model::sound_json(body);
  if (!json || !json->is_object()) return {};
  AllocationReply reply;
  if (model::member(*json, "error-found") == true) reply.error = expected_error(*json);
  reply.semester = model::text(model::member(*json, "semester"));
  reply.request_id = model::text(model::member(*json, "request-id"));
  const Json programs = model::member(*json, "programs");
  if (!programs.is_array()) return reply;
  for (const Json& entry : programs) {
    if (auto program = expected_program(entry)) reply.programs.push_back(*std::move(program));
  }
  return reply;
}

void check(std::string_view body) {
  const auto reply = decode_allocation_reply(body);
  const auto expected = expected_reply(body);
  claim(reply.has_value() == expected.has_value(), "a reply is read if it is a sound JSON object, and else skipped");
  if (!reply) return;
  claim(reply->error == expected->error, "an error is read as docs/protocol.md says");
  claim(reply->semester == expected->semester, "a semester is read if it is a text");
  claim(reply->request_id == expected->request_id, "a request-id is read if it is a text");
  claim(reply->programs == expected->programs, "entries are read as docs/protocol.md says");
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)
