#include "dti/protocol/office_codec.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/base/overloaded.hpp"
#include "dti/base/time_text.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/json_writer.hpp"
#include "protocol/catalog_rows.hpp"
#include "protocol/fields.hpp"
#include "protocol/round_columns.hpp"
#include "protocol/strict_json.hpp"

namespace dti {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::string_view kMark = "dti-command";
constexpr std::size_t kStoreIdBytesMax = 64;
constexpr std::int64_t kSeqMax = std::numeric_limits<std::int64_t>::max();

/// A text that people read later: one line.
void refuse_control(FieldReader& reader, std::string_view key, std::string_view text) {
  if (const auto fault = control_fault(text)) reader.fault(key, *fault);
}

std::string read_line(JsonValue root, FieldReader& reader, std::string_view key, std::size_t bytes_max) {
  auto text = reader.optional_text(root, key, {0, bytes_max}).value_or("");
  refuse_control(reader, key, text);
  return text;
}

std::optional<OfficeVerb> read_verb(JsonValue root, FieldReader& reader) {
  const JsonValue value = root["command"];
  const auto found = std::find(kOfficeVerbs.begin(), kOfficeVerbs.end(), value.text());
  if (value.kind() == JsonKind::kString && found != kOfficeVerbs.end()) {
    return static_cast<OfficeVerb>(found - kOfficeVerbs.begin());
  }
  reader.fault("command", value.kind() == JsonKind::kMissing ? "is missing" : "is not a known command");
  return std::nullopt;
}

ProgramName read_program_name(JsonValue root, FieldReader& reader) {
  auto faculty = reader.text(root, "", "faculty", {0, kNameBytesMax});
  return {std::move(faculty), reader.text(root, "", "program", {0, kNameBytesMax})};
}

Capacity read_capacity(JsonValue root, FieldReader& reader) {
  Capacity capacity;
  capacity.classrooms = reader.whole(root, "classrooms", kCapacityMax);
  capacity.labs = reader.whole(root, "labs", kCapacityMax);
  capacity.conversions = reader.whole(root, "mobile-labs", kCapacityMax);
  if (capacity.conversions > capacity.classrooms) reader.fault("mobile-labs", "must be at most classrooms");
  return capacity;
}

/// A limit that is missing is none.
QuotaLimit read_limit(JsonValue root, FieldReader& reader, const std::string& kind) {
  const auto soft = kind + "-soft";
  const bool is_soft = reader.optional_boolean(root, soft);
  if (root[kind].kind() == JsonKind::kMissing) {
    if (is_soft) reader.fault(soft, "needs " + kind);
    return {};
  }
  return {static_cast<std::int32_t>(reader.whole(root, kind, kCapacityMax)), is_soft};
}

Quota read_quota(JsonValue root, FieldReader& reader) {
  const auto classrooms = read_limit(root, reader, "classrooms");
  return {classrooms, read_limit(root, reader, "labs")};
}

std::vector<std::string> read_earlier(JsonValue root, FieldReader& reader) {
  std::vector<std::string> ids;
  const JsonValue list = root["earlier"];
  if (list.kind() == JsonKind::kMissing) return ids;
  if (list.kind() != JsonKind::kArray) reader.fault("earlier", "must be a list of texts");
  for (auto id = list.first(); id.kind() != JsonKind::kMissing; id = id.next()) {
    if (id.kind() != JsonKind::kString || id.text().empty() || id.text().size() > kIdBytesMax) {
      reader.fault("earlier", "must be texts of 1 to " + std::to_string(kIdBytesMax) + " bytes");
    }
    if (ids.size() == kEarlierMax) reader.fault("earlier", "must be at most " + std::to_string(kEarlierMax) + " texts");
    if (reader.first_fault()) return {};
    ids.emplace_back(id.text());
  }
  return ids;
}

/// Only a dry run may leave it out.
std::string read_store(JsonValue root, FieldReader& reader, bool is_dry_run) {
  if (is_dry_run && root["store"].kind() == JsonKind::kMissing) return {};
  return reader.text(root, "", "store", {is_dry_run ? 0U : 1U, kStoreIdBytesMax});
}

ChangeCatalog read_catalog(JsonValue root, FieldReader& reader, bool is_dry_run) {
  ChangeCatalog catalog;
  catalog.store = read_store(root, reader, is_dry_run);
  catalog.earlier = read_earlier(root, reader);
  catalog.rows = read_catalog_rows(root, "add", reader);
  return catalog;
}

/// The choices of `holds`, in the order of OpenHoldsAtClose; the first one is that of a command without it.
constexpr std::array<std::string_view, 3> kHoldsAtClose{"refuse", "confirm", "cancel"};

CloseSemester read_close(JsonValue root, FieldReader& reader) {
  const JsonValue value = root["holds"];
  if (value.kind() == JsonKind::kMissing) return {};
  const auto found = std::find(kHoldsAtClose.begin(), kHoldsAtClose.end(), value.text());
  if (value.kind() != JsonKind::kString || found == kHoldsAtClose.end()) {
    reader.fault("holds", "must be refuse, confirm or cancel");
    return {};
  }
  return {static_cast<OpenHoldsAtClose>(found - kHoldsAtClose.begin())};
}

/// A part has both numbers.
ConfirmHold read_confirmation(JsonValue root, FieldReader& reader) {
  ConfirmHold confirmed{read_program_name(root, reader)};
  if (root["classrooms"].kind() == JsonKind::kMissing && root["labs"].kind() == JsonKind::kMissing) return confirmed;
  Want part;
  part.classrooms = reader.quantity(root, "", "classrooms");
  part.labs = reader.quantity(root, "", "labs");
  confirmed.part = part;
  return confirmed;
}

RunRound read_round(JsonValue root, FieldReader& reader, const std::string& semester) {
  RunRound round;
  round.plan.store = reader.text(root, "", "store", {1, kStoreIdBytesMax});
  round.plan.semester = semester;
  round.plan.policy = reader.text(root, "", "policy", {1, kIdBytesMax});
  round.secret = read_hash(root, reader, "secret");
  round.plan.asks = read_asks(root, reader);
  return round;
}

ChangeCatalog read_program_change(JsonValue root, FieldReader& reader, OfficeVerb verb, bool is_dry_run) {
  ChangeCatalog catalog;
  catalog.store = read_store(root, reader, is_dry_run);
  catalog.program = ChangeProgram{read_program_name(root, reader), std::nullopt};
  if (verb == OfficeVerb::kRenameProgram) {
    catalog.program->new_name = reader.text(root, "", "new-name", {0, kNameBytesMax});
  }
  return catalog;
}

bool is_about_catalog(OfficeVerb verb) {
  return verb == OfficeVerb::kChangeCatalog || verb == OfficeVerb::kRenameProgram || verb == OfficeVerb::kRetireProgram;
}

/// Reads the fields that only this kind of command has.
void read_change(JsonValue root, FieldReader& reader, OfficeVerb verb, OfficeMessage& message) {
  auto& change = message.command.change;
  switch (verb) {
    case OfficeVerb::kReleaseGrant: change = ReleaseGrant{read_program_name(root, reader)}; return;
    case OfficeVerb::kAmendGrant: {
      AmendGrant amended{read_program_name(root, reader), {}, false};
      amended.want.classrooms = reader.quantity(root, "", "classrooms");
      amended.want.labs = reader.quantity(root, "", "labs");
      amended.accepts_part = reader.optional_boolean(root, "accepts-part");
      change = std::move(amended);
      return;
    }
    case OfficeVerb::kResizeSemester: change = ResizeSemester{read_capacity(root, reader)}; return;
    case OfficeVerb::kCloseSemester: change = read_close(root, reader); return;
    case OfficeVerb::kReopenSemester: change = ReopenSemester{}; return;
    case OfficeVerb::kSetWaitList: change = SetWaitList{reader.boolean(root, "wait-list")}; return;
    case OfficeVerb::kLeaveWaitList: change = LeaveWaitList{read_program_name(root, reader)}; return;
    case OfficeVerb::kConfirmHold: change = read_confirmation(root, reader); return;
    case OfficeVerb::kExtendHold: {
      auto of = read_program_name(root, reader);
      change = ExtendHold{std::move(of), reader.hold_seconds(root)};
      return;
    }
    case OfficeVerb::kCancelHold: change = CancelHold{read_program_name(root, reader)}; return;
    case OfficeVerb::kSetQuota: {
      SetQuota set{reader.text(root, "", "faculty", {0, kNameBytesMax}), {}};
      set.quota = read_quota(root, reader);
      change = std::move(set);
      return;
    }
    case OfficeVerb::kOpenRound: change = OpenRound{read_hash(root, reader, "commitment")}; return;
    case OfficeVerb::kRunRound: change = read_round(root, reader, message.command.semester); return;
    case OfficeVerb::kOpenSemester: message.opens = read_capacity(root, reader); return;
    case OfficeVerb::kChangeCatalog:
      message.command.catalog = read_catalog(root, reader, message.command.is_dry_run);
      return;
    case OfficeVerb::kRenameProgram:
    case OfficeVerb::kRetireProgram:
      message.command.catalog = read_program_change(root, reader, verb, message.command.is_dry_run);
      return;
  }
}

/// @param is_optional  the command may leave it out
std::optional<std::int64_t> read_expects(JsonValue root, FieldReader& reader, bool is_optional) {
  if (is_optional && root["expects"].kind() == JsonKind::kMissing) return std::nullopt;
  return reader.whole(root, "expects", kSeqMax);
}

void write_program_name(JsonWriter& writer, const ProgramName& name) {
  writer.text("faculty", name.faculty);
  writer.text("program", name.program);
}

void write_rooms(JsonWriter& writer, Quantity classrooms, Quantity labs, Quantity mobile_labs) {
  writer.number("classrooms", classrooms);
  writer.number("labs", labs);
  writer.number("mobile-labs", mobile_labs);
}

void write_capacity(JsonWriter& writer, const Capacity& capacity) {
  write_rooms(writer, capacity.classrooms, capacity.labs, capacity.conversions);
}

void write_quota(JsonWriter& writer, const Quota& quota) {
  const auto write = [&](const QuotaLimit& limit, std::string_view kind, std::string_view soft) {
    if (limit.rooms < 0) return;
    writer.number(kind, limit.rooms);
    if (limit.is_soft) writer.boolean(soft, true);
  };
  write(quota.classrooms, "classrooms", "classrooms-soft");
  write(quota.labs, "labs", "labs-soft");
}

void write_change(JsonWriter& writer, const OfficeCommand::Change& change) {
  std::visit(Overloaded{[&](const ReleaseGrant& release) { write_program_name(writer, release.of); },
                        [&](const AmendGrant& amended) {
                          write_program_name(writer, amended.of);
                          writer.number("classrooms", amended.want.classrooms);
                          writer.number("labs", amended.want.labs);
                          if (amended.accepts_part) writer.boolean("accepts-part", true);
                        },
                        [&](const ResizeSemester& resize) { write_capacity(writer, resize.capacity); },
                        [&](const SetWaitList& setting) { writer.boolean("wait-list", setting.is_on); },
                        [&](const LeaveWaitList& leave) { write_program_name(writer, leave.of); },
                        [&](const CloseSemester& close) {
                          if (close.holds == OpenHoldsAtClose::kRefuse) return;
                          writer.text("holds", kHoldsAtClose[static_cast<std::size_t>(close.holds)]);
                        },
                        [&](const ConfirmHold& confirmed) {
                          write_program_name(writer, confirmed.of);
                          if (!confirmed.part) return;
                          writer.number("classrooms", confirmed.part->classrooms);
                          writer.number("labs", confirmed.part->labs);
                        },
                        [&](const ExtendHold& extended) {
                          write_program_name(writer, extended.of);
                          writer.number("hold-seconds", extended.seconds);
                        },
                        [&](const CancelHold& cancelled) { write_program_name(writer, cancelled.of); },
                        [&](const SetQuota& set) {
                          writer.text("faculty", set.faculty);
                          write_quota(writer, set.quota);
                        },
                        [&](const OpenRound& round) { writer.text("commitment", round.commitment); },
                        [&](const RunRound& round) {
                          writer.text("store", round.plan.store);
                          writer.text("policy", round.plan.policy);
                          writer.text("secret", round.secret);
                          write_asks(writer, round.plan.asks);
                        },
                        [](const auto&) {}},
             change);
}

void write_catalog(JsonWriter& writer, const ChangeCatalog& catalog) {
  if (!catalog.store.empty()) writer.text("store", catalog.store);
  if (catalog.program) {
    write_program_name(writer, catalog.program->of);
    if (catalog.program->new_name) writer.text("new-name", *catalog.program->new_name);
    return;
  }
  if (!catalog.earlier.empty()) {
    writer.open_array("earlier");
    for (const auto& id : catalog.earlier) writer.element(id);
    writer.close_array();
  }
  write_catalog_rows(writer, "add", catalog.rows);
}

void write_facts(JsonWriter& writer, const OfficeOutcome& outcome) {
  writer.boolean("repeat", outcome.is_repeat);
  writer.number("seq", outcome.seq);
  if (outcome.catalog) {
    writer.open_object("catalog");
    writer.text("store", outcome.catalog->store);
    writer.number("faculties", outcome.catalog->faculties);
    writer.number("programs", outcome.catalog->programs);
    writer.number("faculties-added", outcome.catalog->faculties_added);
    writer.number("programs-added", outcome.catalog->programs_added);
    writer.close_object();
    if (const auto& program = outcome.catalog->program) {
      writer.open_object("program");
      write_program_name(writer, program->name);
      writer.boolean("retired", program->is_retired);
      writer.close_object();
    }
    return;
  }
  if (outcome.grant) {
    writer.open_object("grant");
    writer.number("wanted-classrooms", outcome.grant->want.classrooms);
    writer.number("wanted-labs", outcome.grant->want.labs);
    write_rooms(writer, outcome.grant->grant.classrooms, outcome.grant->grant.labs, outcome.grant->grant.mobile_labs);
    writer.close_object();
  } else {
    writer.null("grant");
  }
  writer.open_object("capacity");
  write_capacity(writer, outcome.capacity);
  writer.close_object();
  writer.open_object("left");
  write_rooms(writer, outcome.left.classrooms, outcome.left.labs, outcome.left.mobile_labs());
  writer.close_object();
  writer.boolean("open", outcome.is_open);
  // A semester without a wait list has the reply that it had before there were wait lists.
  if (outcome.has_wait_list) writer.boolean("wait-list", true);
  if (outcome.waits_since > 0) writer.number("waits-since", outcome.waits_since);
  if (outcome.waiting) {
    writer.number("waiting", outcome.waiting->programs);
    writer.number("top-ups", outcome.waiting->top_ups);
  }
  if (outcome.expires_at != 0) {
    writer.text("expires-at", time_text(WallTime{std::chrono::microseconds{outcome.expires_at}}));
  }
  if (outcome.holds) writer.number("holds", *outcome.holds);
  if (outcome.quota) {
    writer.open_object("quota");
    write_quota(writer, outcome.quota->quota);
    writer.number("classrooms-held", outcome.quota->held.classrooms);
    writer.number("labs-held", outcome.quota->held.labs);
    writer.close_object();
  }
  if (outcome.round) {
    writer.number("round-programs", outcome.round->programs);
    writer.number("round-left-out", outcome.round->left_out);
  }
}

std::optional<RequestError> read_error(JsonValue root) {
  const auto status = status_from_wire(root["status"].text()).value_or(Status::kUnavailable);
  if (status == Status::kOk) return std::nullopt;
  RequestError error{status, std::string{root["detail"].text()}, {}, std::string{root["leader"].text()}};
  if (const auto milliseconds = quantity_of(root["retry-after-ms"])) {
    error.retry_after = std::chrono::milliseconds{*milliseconds};
  }
  return error;
}

bool is_there(JsonValue root, std::string_view key) { return root[key].kind() != JsonKind::kMissing; }

/// Reads the facts of a reply. @return false if one is missing or of another type
bool read_facts(JsonValue root, OfficeOutcome& outcome) {
  FieldReader reader{std::nullopt};
  outcome.is_repeat = root["repeat"].kind() == JsonKind::kTrue;
  outcome.seq = reader.whole(root, "seq", kSeqMax);
  if (const JsonValue catalog = root["catalog"]; catalog.kind() == JsonKind::kObject) {
    const auto read = [&](std::string_view key) { return reader.whole(catalog, key, kSeqMax); };
    outcome.catalog = CatalogFacts{reader.text(catalog, "catalog.", "store", {0, kStoreIdBytesMax}),
                                   read("faculties"),
                                   read("programs"),
                                   read("faculties-added"),
                                   read("programs-added"),
                                   {}};
    if (const JsonValue program = root["program"]; program.kind() == JsonKind::kObject) {
      outcome.catalog->program =
          ProgramFacts{read_program_name(program, reader), program["retired"].kind() == JsonKind::kTrue};
    }
    return !reader.first_fault();
  }
  outcome.is_open = root["open"].kind() == JsonKind::kTrue;
  if (const JsonValue grant = root["grant"]; grant.kind() == JsonKind::kObject) {
    const auto read = [&](std::string_view key) { return reader.quantity(grant, "", key); };
    outcome.grant = HeldGrant{{read("wanted-classrooms"), read("wanted-labs")},
                              {read("classrooms"), read("labs"), read("mobile-labs")}};
  }
  outcome.capacity = read_capacity(root["capacity"], reader);
  const auto left = read_capacity(root["left"], reader);
  outcome.left = {left.classrooms, left.labs, left.conversions};
  outcome.has_wait_list = root["wait-list"].kind() == JsonKind::kTrue;
  if (is_there(root, "waits-since")) outcome.waits_since = reader.whole(root, "waits-since", kSeqMax);
  if (is_there(root, "waiting")) {
    outcome.waiting = WaitListSize{reader.whole(root, "waiting", kSeqMax), reader.whole(root, "top-ups", kSeqMax)};
  }
  if (is_there(root, "expires-at")) {
    const auto time = time_from_text(root["expires-at"].text());
    if (!time) return false;
    outcome.expires_at = time->time_since_epoch().count();
  }
  if (is_there(root, "holds")) outcome.holds = reader.whole(root, "holds", kSeqMax);
  if (const JsonValue quota = root["quota"]; quota.kind() == JsonKind::kObject) {
    outcome.quota =
        QuotaFacts{read_quota(quota, reader),
                   {reader.whole(quota, "classrooms-held", kSeqMax), reader.whole(quota, "labs-held", kSeqMax)}};
  }
  if (is_there(root, "round-programs")) {
    outcome.round =
        RoundFacts{reader.whole(root, "round-programs", kSeqMax), reader.whole(root, "round-left-out", kSeqMax)};
  }
  return !reader.first_fault();
}

}  // namespace

OfficeVerb verb_of(const OfficeMessage& message) {
  if (const auto& catalog = message.command.catalog) {
    if (!catalog->program) return OfficeVerb::kChangeCatalog;
    return catalog->program->new_name ? OfficeVerb::kRenameProgram : OfficeVerb::kRetireProgram;
  }
  const auto index = message.command.change.index();
  DTI_CHECK(index < static_cast<std::size_t>(OfficeVerb::kOpenSemester));
  return message.opens ? OfficeVerb::kOpenSemester : static_cast<OfficeVerb>(index);
}

bool has_facts(const OfficeOutcome& outcome) {
  if (!outcome.error) return true;
  switch (outcome.error->status) {
    case Status::kConflict:
    case Status::kRefused:
    case Status::kHoldConfirmed:
    case Status::kHoldCancelled:
    case Status::kHoldExpired: return true;
    default: return false;
  }
}

bool may_be_office_message(std::string_view body) { return body.find(kMark) != std::string_view::npos; }

std::optional<std::variant<OfficeMessage, MalformedCommand>> decode_office_message(std::string_view body) {
  const auto document = JsonDocument::parse(body);
  const JsonValue root = document.root();
  const JsonValue version = root[kMark];
  if (version.kind() == JsonKind::kMissing) return std::nullopt;

  // The order of these reads decides which fault the detail names: the first one.
  FieldReader reader{document.fault()};
  if (version.kind() != JsonKind::kWhole || version.whole() != kVersion) reader.fault(kMark, "must be 1");
  const auto verb = read_verb(root, reader);
  OfficeMessage message;
  auto& command = message.command;
  command.id = reader.text(root, "", "command-id", {1, kIdBytesMax});
  refuse_control(reader, "command-id", command.id);
  const bool opens = verb == OfficeVerb::kOpenSemester;
  command.is_dry_run = root["dry-run"].kind() == JsonKind::kTrue;
  command.expects = read_expects(root, reader, opens || command.is_dry_run);
  command.actor = read_line(root, reader, "actor", kActorBytesMax);
  command.note = read_line(root, reader, "note", kNoteBytesMax);
  static_cast<void>(reader.optional_boolean(root, "dry-run"));
  if (!verb || !is_about_catalog(*verb)) {
    command.semester = reader.text(root, "", "semester", {0, kSemesterBytesMax});
  }
  if (verb) read_change(root, reader, *verb, message);
  if (!reader.first_fault()) return message;
  if (command.id.size() > kIdBytesMax) command.id.clear();
  return MalformedCommand{*reader.first_fault(), std::move(command.id), command.is_dry_run, verb};
}

std::string encode_office_message(const OfficeMessage& message) {
  const auto& command = message.command;
  std::string out;
  JsonWriter writer{out};
  writer.open_object();
  writer.number(kMark, kVersion);
  writer.text("command", wire_text(verb_of(message)));
  writer.text("command-id", command.id);
  if (command.expects && !message.opens) writer.number("expects", *command.expects);
  if (!command.actor.empty()) writer.text("actor", command.actor);
  if (!command.note.empty()) writer.text("note", command.note);
  if (command.is_dry_run) writer.boolean("dry-run", true);
  if (command.catalog) {
    write_catalog(writer, *command.catalog);
    writer.close_object();
    return out;
  }
  writer.text("semester", command.semester);
  if (message.opens) {
    write_capacity(writer, *message.opens);
  } else {
    write_change(writer, command.change);
  }
  writer.close_object();
  return out;
}

std::string encode_office_reply(const OfficeReply& reply) {
  const auto& error = reply.outcome.error;
  std::string out;
  JsonWriter writer{out};
  writer.open_object();
  writer.number(kMark, kVersion);
  writer.text("command-id", reply.command_id);
  writer.text("status", wire_text(error ? error->status : Status::kOk));
  if (error && !error->detail.empty()) writer.text("detail", error->detail);
  writer.boolean("dry-run", reply.is_dry_run);
  if (reply.has_facts) write_facts(writer, reply.outcome);
  if (error && error->retry_after) writer.number("retry-after-ms", error->retry_after->count());
  if (error && !error->leader.empty()) writer.text("leader", error->leader);
  writer.close_object();
  return out;
}

std::optional<OfficeReply> decode_office_reply(std::string_view body) {
  const auto document = JsonDocument::parse(body);
  const JsonValue root = document.root();
  const bool is_reply = root["command-id"].kind() == JsonKind::kString && root["status"].kind() == JsonKind::kString;
  if (document.fault() || root[kMark].whole() != kVersion || !is_reply) return std::nullopt;
  OfficeReply reply;
  reply.command_id = root["command-id"].text();
  reply.is_dry_run = root["dry-run"].kind() == JsonKind::kTrue;
  reply.outcome.error = read_error(root);
  reply.has_facts = root["seq"].kind() != JsonKind::kMissing;
  if (reply.has_facts && !read_facts(root, reply.outcome)) return std::nullopt;
  if (!reply.has_facts && has_facts(reply.outcome)) return std::nullopt;
  return reply;
}

}  // namespace dti
