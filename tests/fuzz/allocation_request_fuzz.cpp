// Of any bytes that a faculty sends, the fast decoder and the strict one say the same, and that is what a plain reading
// by docs/protocol.md says; what they let pass is within its bounds and is read back as it was written; and every body
// but a health check can be answered, with a reply that a faculty reads as it was meant.
#include <chrono>
#include <string>
#include <variant>

#include "dti/domain/name.hpp"
#include "dti/protocol/allocation_codec.hpp"
#include "fuzz/claim.hpp"
#include "fuzz/json_model.hpp"

namespace dti {
namespace {

using model::Json;

/// The request as the page says it is; none for what is to be refused.
std::optional<AllocationRequest> expected_request(const Json& json) {
  const Json programs = model::member(json, "programs");
  const bool has_id = model::has(json, "request-id");
  if (!model::is_text(model::member(json, "semester"), 0, 64)) return {};
  if (!model::is_text(model::member(json, "faculty-name"), 0, 200)) return {};
  if (!programs.is_array() || programs.size() > 1'000) return {};
  if (has_id && !model::is_text(model::member(json, "request-id"), 1, 64)) return {};
  AllocationRequest request{json["semester"], json["faculty-name"], {}, {}};
  if (has_id) request.request_id = json["request-id"];
  if (model::has(json, "hold-seconds")) {
    const auto seconds = model::whole(model::member(json, "hold-seconds"), 2'592'000);
    if (!seconds || *seconds == 0) return {};
    request.hold_seconds = *seconds;
  }
  for (const Json& entry : programs) {
    const auto classrooms = model::quantity(model::member(entry, "classrooms"));
    const auto labs = model::quantity(model::member(entry, "labs"));
    if (!model::is_text(model::member(entry, "program-id"), 1, 64)) return {};
    if (!model::is_text(model::member(entry, "program-name"), 0, 200)) return {};
    if (!classrooms || !labs) return {};
    request.programs.push_back({entry["program-id"], entry["program-name"], {*classrooms, *labs}});
  }
  return request;
}

void check_verdict(std::string_view body, const DecodedRequest& decoded) {
  const auto json = model::sound_json(body);
  if (json && model::member(*json, "health-check") == true) {
    claim(std::holds_alternative<HealthCheck>(decoded), "a health check is one");
    return;
  }
  const auto expected = json ? expected_request(*json) : std::nullopt;
  const auto* request = std::get_if<AllocationRequest>(&decoded);
  claim((request != nullptr) == expected.has_value(), "what is let pass is what docs/protocol.md lets pass");
  claim(request == nullptr || *request == *expected, "a request is read as it stands there");
  claim(!std::holds_alternative<HealthCheck>(decoded), "only a health check is one");
}

/// An outcome that has every status of an entry, one after the other, and a detail that is any text.
Outcome some_outcome(const AllocationRequest& request) {
  static constexpr Status kStatuses[] = {Status::kOk, Status::kNotEnoughResources, Status::kAlreadyHasResources,
                                         Status::kInvalidProgram};
  Outcome outcome;
  for (const ProgramRequest& program : request.programs) {
    const Status status = kStatuses[outcome.programs.size() % std::size(kStatuses)];
    const Want& want = program.want;
    const Grant grant = status == Status::kInvalidProgram
                            ? Grant{}
                            : Grant{want.classrooms - want.classrooms / 3, want.labs / 2, want.labs - want.labs / 2};
    if (status == Status::kInvalidProgram) outcome.details.push_back({outcome.programs.size(), program.name});
    outcome.programs.push_back({status, grant});
  }
  return outcome;
}

void check_reply(const AllocationRequest& request, const Outcome& outcome) {
  AllocationReply expected{outcome.error, request.request_id, {}};
  expected.semester = request.semester;
  for (std::size_t i = 0; i < request.programs.size(); ++i) {
    const auto part = outcome.error ? ProgramOutcome{outcome.error->status, {}} : outcome.programs[i];
    expected.programs.push_back({request.programs[i].correlation_id, part.status, part.grant});
  }
  for (const ProgramDetail& detail : outcome.details) expected.programs[detail.index].detail = detail.text;
  const std::string bytes = encode_allocation_reply(request, outcome);
  claim(bytes.size() <= kReplyBytesMax, "a reply fits into a frame");
  claim(decode_allocation_reply(bytes) == expected, "a reply is read as it was meant", bytes);
}

void check_request(const AllocationRequest& request) {
  const auto again = decode_allocation_request(encode_allocation_request(request));
  claim(again == DecodedRequest{request}, "a request is read back as it was written");
  check_reply(request, some_outcome(request));
  check_reply(request, {RequestError{Status::kOverloaded, "too much waits", std::chrono::milliseconds{250}, ""}, {}});
  check_reply(request, {RequestError{Status::kNotLeader, "another leads", {}, "dti-2:6000"}, {}});
}

void check_malformed(const MalformedRequest& malformed) {
  const std::string& detail = malformed.detail;
  claim(detail.find(": ") != detail.npos, "a refusal names the field", detail);
  claim(is_utf8(detail) && detail.find('\n') == detail.npos, "a refusal is one line of UTF-8", detail);
  claim(detail.size() < 4'096, "a refusal is short, however long what it names is", detail);

  const Outcome outcome{RequestError{Status::kInvalidRequest, detail, {}, ""}, {}};
  const std::string bytes = encode_allocation_reply(malformed.readable, outcome);
  claim(is_utf8(bytes), "a refusal's reply is UTF-8", bytes);
  const auto reply = decode_allocation_reply(bytes);
  if (!reply) {
    claim(bytes.find("\\u0000") != bytes.npos, "only an echoed U+0000 makes a reply that a strict reader refuses",
          bytes);
    return;
  }
  claim(reply->error == outcome.error, "a refusal is read as it was meant", bytes);
  std::size_t listed = 0;
  for (const ProgramRequest& program : malformed.readable.programs) {
    if (program.correlation_id.empty()) continue;  // nobody can be told by that mark
    claim(listed < reply->programs.size(), "a refusal lists every program that could be read", bytes);
    claim(reply->programs[listed++] == RepliedProgram{program.correlation_id, Status::kInvalidRequest, {}},
          "a refusal tells each program of it", bytes);
  }
  claim(listed == reply->programs.size(), "a refusal lists no other program", bytes);
}

void check(std::string_view body) {
  const DecodedRequest strict = decode_allocation_request(body);
  AllocationRequestDecoder decoder;
  static_cast<void>(decoder.decode(body.substr(0, body.size() / 2)));  // leaves its traces in the decoder's memory
  const auto plain = decoder.decode_plain(body);
  claim(!plain || *plain == strict, "the fast way says what the strict decoder says");
  claim(decoder.decode(body) == strict, "both decoders say the same");

  check_verdict(body, strict);
  if (const auto* request = std::get_if<AllocationRequest>(&strict)) check_request(*request);
  if (const auto* malformed = std::get_if<MalformedRequest>(&strict)) check_malformed(*malformed);
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)
