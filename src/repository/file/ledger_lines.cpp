#include "repository/file/ledger_lines.hpp"

#include <array>
#include <utility>

#include "dti/domain/office_command.hpp"
#include "repository/file/line_fields.hpp"
#include "repository/file/line_names.hpp"

namespace dti {
namespace {

/// In the order of the types of LedgerLine.
constexpr std::array<std::string_view, std::variant_size_v<LedgerLine>> kTypes = {
    "store", "faculty", "program", "registry", "semester", "entry", "note", "chain", "end"};

const auto kEntryKindNames = stored_texts<EntryKind, kEntryKindCount>();

LedgerFileHeader read_header(LineFields& fields) {
  LedgerFileHeader header;
  if (fields.text("format") != kLedgerFileFormat) {
    fields.fault("format", "must be \"" + std::string{kLedgerFileFormat} +
                               "\", which is the only format that this version reads");
    return header;
  }
  if (const auto id = fields.optional_hex16("store-id")) header.store.bytes = *id;
  header.schema = fields.number("schema", 1, kIntegerMax);
  if (header.schema > kLedgerFileSchemaMax) {
    fields.fault("schema", "is version " + std::to_string(header.schema) +
                               ", but this version reads the schemas up to " + std::to_string(kLedgerFileSchemaMax) +
                               ": import the file with a newer version");
  }
  header.semester = fields.optional_text("only-semester").value_or(std::string{});
  header.exported_at = fields.text("exported-at");
  return header;
}

FacultyLine read_faculty(LineFields& fields) {
  return {static_cast<FacultyId>(fields.number("id", 1, kIntegerMax)), fields.text("name"), fields.text("key")};
}

ProgramLine read_program(LineFields& fields) {
  return {static_cast<ProgramId>(fields.number("id", 1, kIntegerMax)),
          static_cast<FacultyId>(fields.number("faculty", 1, kIntegerMax)), fields.text("name"), fields.text("key")};
}

/// The members that an entry of the registry has depend on its kind; the databases check the same.
void check_members(LineFields& fields, const RegistryEntry& entry) {
  const auto kind = static_cast<RegistryKind>(entry.kind);
  const bool is_retirement = kind == RegistryKind::kProgramRetired;
  const bool is_program = kind == RegistryKind::kProgramAdded || kind == RegistryKind::kProgramRenamed || is_retirement;
  const bool is_of_catalog = is_program || kind == RegistryKind::kFacultyAdded;
  const bool is_seal = kind == RegistryKind::kLedgerSealed;
  if (entry.faculty_id.has_value() != is_of_catalog || entry.program_id.has_value() != is_program ||
      entry.key.has_value() != (is_of_catalog && !is_retirement) || entry.semester_id.has_value() == is_of_catalog ||
      entry.head.has_value() != is_seal || entry.head_seal.has_value() != is_seal ||
      (entry.command_id && !is_program)) {
    fields.fault("kind", "does not fit the other members");
  }
  if (entry.command_id.has_value() != entry.note_hash.has_value()) {
    fields.fault("command-id", "and \"note-hash\" must be there together");
  }
}

RegistryEntry read_registry(LineFields& fields) {
  RegistryEntry entry;
  entry.seq = fields.number("seq", 1, kNumberMax);
  entry.at = fields.time("at-us");
  entry.kind = fields.name("kind", kRegistryKindNames) + 1;
  entry.faculty_id = fields.optional_number("faculty", 1, kIntegerMax);
  entry.program_id = fields.optional_number("program", 1, kIntegerMax);
  entry.semester_id = fields.optional_number("semester", 1, kIntegerMax);
  entry.name = fields.text("name");
  entry.key = fields.optional_text("key");
  entry.head = fields.optional_number("head", 1, kNumberMax);
  entry.head_seal = fields.optional_seal("head-seal");
  entry.command_id = fields.optional_text("command-id");
  entry.note_hash = fields.optional_seal("note-hash");
  entry.seal = fields.optional_seal("seal");
  check_members(fields, entry);
  return entry;
}

StoredSemester read_semester(LineFields& fields) {
  StoredSemester semester;
  semester.id = fields.number("id", 1, kIntegerMax);
  semester.name = fields.text("name");
  semester.epoch = fields.number("epoch", 0, kNumberMax);
  semester.head = fields.number("head", 1, kNumberMax);
  semester.capacity.classrooms = fields.number("classrooms-capacity", 0, kIntegerMax);
  semester.capacity.labs = fields.number("labs-capacity", 0, kIntegerMax);
  semester.capacity.conversions = fields.number("conversions-capacity", 0, kIntegerMax);
  semester.left.classrooms = fields.number("classrooms-left", 0, kIntegerMax);
  semester.left.labs = fields.number("labs-left", 0, kIntegerMax);
  semester.left.conversions_left = fields.number("conversions-left", 0, kIntegerMax);
  semester.is_open = fields.flag("is-open");
  return semester;
}

EntryLine read_entry(LineFields& fields) {
  EntryLine line;
  auto& entry = line.entry;
  auto& row = entry.row;
  line.semester = fields.number("semester", 1, kIntegerMax);
  row.seq = fields.number("seq", 1, kNumberMax);
  entry.at = fields.time("at-us");
  row.kind = fields.name("kind", kEntryKindNames);
  row.cause = fields.optional_name("cause", kCauseNames);
  for (const auto& [key, number] : kNumberColumns) row.*number = fields.optional_number(key, 0, kIntegerMax);
  row.status = fields.optional_name("status", kGrantStatusNames);
  row.waits_since = fields.optional_number("waits-since", 1, kNumberMax);
  row.setting = fields.optional_name("setting", kSettingNames);
  row.expires_at = fields.optional_time("expires-at-us");
  for (const auto& [key, number] : kQuotaColumns) row.*number = fields.optional_number(key, 0, kIntegerMax);
  row.terms = fields.optional_text("terms");
  entry.request_id = fields.optional_text("request-id");
  entry.command_id = fields.optional_text("command-id");
  entry.note_hash = fields.optional_seal("note-hash");
  entry.seal = fields.optional_seal("seal");
  if (entry.request_id) row.request = id_hash(*entry.request_id);
  if (entry.command_id) row.command = id_hash(*entry.command_id);
  if (rests_on_time(row)) row.at = entry.at;
  return line;
}

NoteLine read_note(LineFields& fields) {
  NoteLine line;
  line.semester = fields.number("semester", 0, kIntegerMax);
  line.seq = fields.number("seq", 1, kNumberMax);
  line.note.salt = fields.hex16("salt");
  line.note.actor = fields.text("actor", kActorBytesMax);
  line.note.note = fields.text("note", kNoteBytesMax);
  return line;
}

ChainLine read_chain(LineFields& fields) {
  return {fields.number("semester", 0, kIntegerMax),
          {fields.number("sealed-head", 1, kNumberMax), fields.seal("seal")}};
}

EndLine read_end(LineFields& fields) {
  EndLine end;
  end.counts.faculties = fields.number("faculties", 0, kNumberMax);
  end.counts.programs = fields.number("programs", 0, kNumberMax);
  end.counts.registered = fields.number("registry", 0, kNumberMax);
  end.counts.semesters = fields.number("semesters", 0, kNumberMax);
  end.counts.entries = fields.number("entries", 0, kNumberMax);
  end.counts.notes = fields.number("notes", 0, kNumberMax);
  end.hash = fields.seal("blake2b");
  return end;
}

LedgerLine read(std::string_view type, LineFields& fields) {
  if (type == "entry") return read_entry(fields);
  if (type == "store") return read_header(fields);
  if (type == "faculty") return read_faculty(fields);
  if (type == "program") return read_program(fields);
  if (type == "registry") return read_registry(fields);
  if (type == "semester") return read_semester(fields);
  if (type == "note") return read_note(fields);
  if (type == "chain") return read_chain(fields);
  if (type == "end") return read_end(fields);
  fields.fault("type", "is not one of the types of a line");
  return {};
}

}  // namespace

std::string_view type_text(const LedgerLine& line) { return kTypes[line.index()]; }

std::variant<LedgerLine, LineFault> LineParser::parse(std::string_view line) {
  if (line.size() > kLineBytesMax) {
    return LineFault{"is longer than " + std::to_string(kLineBytesMax) + " bytes"};
  }
  if (auto fault = object_.parse(line)) return LineFault{*std::move(fault)};
  LineFields fields{object_};
  const auto type = fields.text("type");
  auto read_line = read(type, fields);
  const auto& fault = fields.finish();
  if (!fault) return read_line;
  const bool is_known = index_of(kTypes, type).has_value();
  return LineFault{(is_known ? type + ": " : std::string{}) + *fault};
}

}  // namespace dti
