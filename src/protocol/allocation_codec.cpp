#include "dti/protocol/allocation_codec.hpp"

#include <cstdint>
#include <utility>

#include "dti/protocol/json_writer.hpp"
#include "protocol/fields.hpp"
#include "protocol/strict_json.hpp"

namespace dti {
namespace {

/// Reads the entries. An entry whose program-id is not a text is a fault, and the reply cannot list it.
std::vector<ProgramRequest> read_programs(JsonValue root, FieldReader& reader) {
  const JsonValue array = root["programs"];
  if (array.kind() != JsonKind::kArray) {
    reader.fault("programs", array.kind() == JsonKind::kMissing ? "is missing" : "must be an array");
    return {};
  }
  std::size_t count = 0;
  for (auto entry = array.first(); entry.kind() != JsonKind::kMissing; entry = entry.next()) ++count;
  static_assert(kProgramsMax == 1'000, "the sentence below says so");
  if (count > kProgramsMax) reader.fault("programs", "must hold at most 1,000 entries");

  std::vector<ProgramRequest> programs;
  std::size_t index = 0;
  for (auto entry = array.first(); entry.kind() != JsonKind::kMissing; entry = entry.next(), ++index) {
    const std::string path = "programs[" + std::to_string(index) + "]";
    if (entry.kind() != JsonKind::kObject) {
      reader.fault(path, "must be an object");
      continue;
    }
    const std::string prefix = path + ".";
    ProgramRequest program;
    program.correlation_id = reader.text(entry, prefix, "program-id", {1, kIdBytesMax});
    program.name = reader.text(entry, prefix, "program-name", {0, kNameBytesMax});
    program.want.classrooms = reader.quantity(entry, prefix, "classrooms");
    program.want.labs = reader.quantity(entry, prefix, "labs");
    if (entry["program-id"].kind() == JsonKind::kString) programs.push_back(std::move(program));
  }
  return programs;
}

std::optional<RepliedProgram> read_replied_program(JsonValue entry) {
  const JsonValue id = entry["program-id"];
  const JsonValue status = entry["status-message"];
  if (id.text().empty() || status.kind() != JsonKind::kString) return {};

  RepliedProgram program;
  program.correlation_id = id.text();
  program.status = status_of(status.text());
  program.detail = entry["detail"].text();
  const auto read = [&](std::string_view key) -> std::optional<Quantity> {
    const JsonValue value = entry[key];
    // The numbers are used only with a grant.
    if (value.kind() == JsonKind::kMissing && !carries_grant(program.status)) return 0;
    return quantity_of(value);
  };
  const auto classrooms = read("classrooms");
  const auto labs = read("labs");
  const auto mobile_labs = read("mobile-labs");
  if (!classrooms || !labs || !mobile_labs) return {};
  if (carries_grant(program.status)) {
    program.grant = {*classrooms, *labs, *mobile_labs};
    program.expires_at = entry["expires-at"].text();
  }
  return program;
}

RequestError read_error(JsonValue root) {
  RequestError error;
  error.status = status_of(root["error-message"].text());
  if (!is_whole_request(error.status)) error.status = Status::kUnavailable;
  error.detail = root["detail"].text();
  error.leader = root["leader"].text();
  if (const auto milliseconds = quantity_of(root["retry-after-ms"])) {
    error.retry_after = std::chrono::milliseconds{*milliseconds};
  }
  return error;
}

}  // namespace

DecodedRequest decode_allocation_request(std::string_view body) {
  const auto document = JsonDocument::parse(body);
  const JsonValue root = document.root();
  FieldReader reader{document.fault()};
  if (root.kind() != JsonKind::kObject) reader.fault("the message", "must be a JSON object");
  if (!reader.first_fault() && root["health-check"].kind() == JsonKind::kTrue) return HealthCheck{};

  // The order of these reads decides which fault the detail names: the first one.
  AllocationRequest request;
  request.semester = reader.text(root, "", "semester", {0, kSemesterBytesMax});
  request.faculty_name = reader.text(root, "", "faculty-name", {0, kNameBytesMax});
  request.programs = read_programs(root, reader);
  request.request_id = reader.optional_text(root, "request-id", {1, kIdBytesMax});
  request.hold_seconds = reader.optional_hold_seconds(root);
  if (reader.first_fault()) return MalformedRequest{*reader.first_fault(), std::move(request)};
  return request;
}

std::string encode_allocation_request(const AllocationRequest& request) {
  std::string out;
  JsonWriter writer{out};
  writer.open_object();
  writer.text("semester", request.semester);
  writer.text("faculty-name", request.faculty_name);
  writer.open_array("programs");
  for (const ProgramRequest& program : request.programs) {
    writer.open_object();
    writer.text("program-id", program.correlation_id);
    writer.text("program-name", program.name);
    writer.number("classrooms", program.want.classrooms);
    writer.number("labs", program.want.labs);
    writer.close_object();
  }
  writer.close_array();
  if (request.request_id) writer.text("request-id", *request.request_id);
  if (request.hold_seconds > 0) writer.number("hold-seconds", request.hold_seconds);
  writer.close_object();
  return out;
}

std::optional<AllocationReply> decode_allocation_reply(std::string_view body) {
  const auto document = JsonDocument::parse(body);
  const JsonValue root = document.root();
  if (document.fault() || root.kind() != JsonKind::kObject) return {};

  AllocationReply reply;
  if (root["error-found"].kind() == JsonKind::kTrue) reply.error = read_error(root);
  if (root["semester"].kind() == JsonKind::kString) reply.semester = std::string{root["semester"].text()};
  if (root["request-id"].kind() == JsonKind::kString) reply.request_id = std::string{root["request-id"].text()};
  const JsonValue programs = root["programs"];
  if (programs.kind() != JsonKind::kArray) return reply;
  for (auto entry = programs.first(); entry.kind() != JsonKind::kMissing; entry = entry.next()) {
    if (auto program = read_replied_program(entry)) reply.programs.push_back(*std::move(program));
  }
  return reply;
}

}  // namespace dti
