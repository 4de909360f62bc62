#include <string>

#include "dti/domain/name.hpp"
#include "dti/protocol/json_writer.hpp"
#include "dti/seals/seal.hpp"
#include "dti/service/ledger/storage_error.hpp"
#include "repository/file/ledger_lines.hpp"
#include "repository/file/line_names.hpp"

namespace dti {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw StorageError{StorageError::Kind::kCorrupt, what + ", which no server wrote; dtictl verify tells more"};
}

/// Begins with the type of the line, and ends with the line feed.
class LineWriter {
 public:
  LineWriter(std::string& out, std::string_view type) : out_(out), begin_(out.size()), json_(out) {
    out_ += '{';
    json_.text("type", type);
  }

  void number(std::string_view key, std::int64_t number) { json_.number(key, number); }
  void number(std::string_view key, const StoredNumber& number) {
    if (number) json_.number(key, *number);
  }
  void flag(std::string_view key, bool flag) { json_.boolean(key, flag); }
  void text(std::string_view key, std::string_view text) {
    if (!is_utf8(text)) refuse("the store has a text that is not UTF-8");
    if (text.find('\0') != text.npos) refuse("the store has a text with U+0000");
    json_.text(key, text);
  }
  void text(std::string_view key, const std::optional<std::string>& value) {
    if (value) text(key, std::string_view{*value});
  }
  void seal(std::string_view key, const std::optional<Seal>& seal) {
    if (seal) json_.text(key, hex_text(*seal));
  }

  void end() {
    json_.close_object();
    if (out_.size() - begin_ > kLineBytesMax) refuse("the store has a text that is too long for a line");
    out_ += '\n';
  }

 private:
  std::string& out_;
  const std::size_t begin_;
  JsonWriter json_;
};

std::string hex_of(const std::array<std::uint8_t, 16>& bytes) { return hex_text(StoreId{bytes}); }

void append(std::string& out, const LedgerFileHeader& header) {
  LineWriter line{out, "store"};
  line.text("format", kLedgerFileFormat);
  if (header.store != StoreId{}) line.text("store-id", std::string_view{hex_text(header.store)});
  line.number("schema", header.schema);
  if (!header.semester.empty()) line.text("only-semester", std::string_view{header.semester});
  line.text("exported-at", std::string_view{header.exported_at});
  line.end();
}

void append(std::string& out, const FacultyLine& faculty) {
  LineWriter line{out, "faculty"};
  line.number("id", std::int64_t{faculty.id});
  line.text("name", std::string_view{faculty.name});
  line.text("key", std::string_view{faculty.key});
  line.end();
}

void append(std::string& out, const ProgramLine& program) {
  LineWriter line{out, "program"};
  line.number("id", std::int64_t{program.id});
  line.number("faculty", std::int64_t{program.faculty});
  line.text("name", std::string_view{program.name});
  line.text("key", std::string_view{program.key});
  line.end();
}

void append(std::string& out, const RegistryEntry& entry) {
  const auto kind = name_at(kRegistryKindNames, entry.kind - 1);
  if (!kind) refuse("the registry has the kind " + std::to_string(entry.kind));
  LineWriter line{out, "registry"};
  line.number("seq", entry.seq);
  line.number("at-us", entry.at);
  line.text("kind", *kind);
  line.number("faculty", entry.faculty_id);
  line.number("program", entry.program_id);
  line.number("semester", entry.semester_id);
  line.text("name", std::string_view{entry.name});
  line.text("key", entry.key);
  line.number("head", entry.head);
  line.seal("head-seal", entry.head_seal);
  line.text("command-id", entry.command_id);
  line.seal("note-hash", entry.note_hash);
  line.seal("seal", entry.seal);
  line.end();
}

void append(std::string& out, const StoredSemester& semester) {
  LineWriter line{out, "semester"};
  line.number("id", semester.id);
  line.text("name", std::string_view{semester.name});
  line.number("epoch", semester.epoch);
  line.number("head", semester.head);
  line.number("classrooms-capacity", semester.capacity.classrooms);
  line.number("labs-capacity", semester.capacity.labs);
  line.number("conversions-capacity", semester.capacity.conversions);
  line.number("classrooms-left", semester.left.classrooms);
  line.number("labs-left", semester.left.labs);
  line.number("conversions-left", semester.left.conversions_left);
  line.flag("is-open", semester.is_open);
  line.end();
}

void append(std::string& out, const NoteLine& note) {
  LineWriter line{out, "note"};
  line.number("semester", note.semester);
  line.number("seq", note.seq);
  line.text("salt", std::string_view{hex_of(note.note.salt)});
  line.text("actor", std::string_view{note.note.actor});
  line.text("note", std::string_view{note.note.note});
  line.end();
}

void append(std::string& out, const ChainLine& chain) {
  LineWriter line{out, "chain"};
  line.number("semester", chain.chain);
  line.number("sealed-head", chain.end.seq);
  line.seal("seal", chain.end.seal);
  line.end();
}

void append(std::string& out, const EndLine& end) {
  LineWriter line{out, "end"};
  line.number("faculties", end.counts.faculties);
  line.number("programs", end.counts.programs);
  line.number("registry", end.counts.registered);
  line.number("semesters", end.counts.semesters);
  line.number("entries", end.counts.entries);
  line.number("notes", end.counts.notes);
  line.seal("blake2b", end.hash);
  line.end();
}

void append(std::string& out, const EntryLine& entry) { append_entry(out, entry.semester, entry.entry); }

/// Appends the name of a code, if there is one.
template <std::size_t kSize>
void append_name(LineWriter& line, Seq seq, std::string_view key, const std::array<std::string_view, kSize>& names,
                 const StoredNumber& code) {
  if (!code) return;
  const auto name = name_at(names, *code);
  if (!name) refuse("entry " + std::to_string(seq) + " has the " + std::string{key} + " " + std::to_string(*code));
  line.text(key, *name);
}

}  // namespace

void append_line(std::string& out, const LedgerLine& line) {
  std::visit([&](const auto& it) { append(out, it); }, line);
}

std::string hashed_text(LedgerFileHeader header) {
  header.exported_at.clear();
  std::string text;
  append_line(text, std::move(header));
  return text;
}

void append_entry(std::string& out, SemesterId semester, const StoredEntry& entry) {
  const auto& row = entry.row;
  const auto kind = entry_kind_from_code(row.kind);
  if (!kind) refuse("entry " + std::to_string(row.seq) + " has the kind " + std::to_string(row.kind));
  LineWriter line{out, "entry"};
  line.number("semester", semester);
  line.number("seq", row.seq);
  line.number("at-us", entry.at);
  line.text("kind", stored_text(*kind));
  append_name(line, row.seq, "cause", kCauseNames, row.cause);
  for (const auto& [key, number] : kNumberColumns) line.number(key, row.*number);
  append_name(line, row.seq, "status", kGrantStatusNames, row.status);
  line.number("waits-since", row.waits_since);
  append_name(line, row.seq, "setting", kSettingNames, row.setting);
  line.number("expires-at-us", row.expires_at);
  for (const auto& [key, number] : kQuotaColumns) line.number(key, row.*number);
  line.text("terms", row.terms);
  line.text("request-id", entry.request_id);
  line.text("command-id", entry.command_id);
  line.seal("note-hash", entry.note_hash);
  line.seal("seal", entry.seal);
  line.end();
}

}  // namespace dti
