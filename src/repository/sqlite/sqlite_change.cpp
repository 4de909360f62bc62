#include "repository/sqlite/sqlite_change.hpp"

#include <string>
#include <string_view>

#include "dti/repository/common/ledger_rows.hpp"
#include "repository/sqlite/sqlite_chains.hpp"

namespace dti {
namespace {

constexpr char kInsertEntry[] =
    "INSERT INTO ledger (semester_id, seq, kind, program_id, generation, classrooms_wanted, labs_wanted,"
    " classrooms_granted, labs_granted, mobile_labs_granted, classrooms_capacity, labs_capacity,"
    " conversions_capacity, status, cause, waits_since, setting, expires_at, faculty_id, classrooms_limit,"
    " classrooms_limit_is_soft, labs_limit, labs_limit_is_soft, terms, at, request_id, command_id, note_hash, seal)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

// The greatest program of the catalogue stands in for a foreign key, as in a batch.
constexpr char kUpdateSemester[] =
    "UPDATE semester SET head = ?1, classrooms_capacity = ?, labs_capacity = ?, conversions_capacity = ?,"
    " classrooms_left = ?, labs_left = ?, conversions_left = ?, is_open = ?, sealed_head = ?1, seal = ?"
    " WHERE id = ? AND epoch = ? AND head = ? AND ? <= (SELECT coalesce(max(id), 0) FROM program)";

}  // namespace

SqliteEntryInsert::SqliteEntryInsert(SqliteConnection& connection) : statement_(connection.prepare(kInsertEntry)) {}

void SqliteEntryInsert::add(SemesterId semester, const StoredEntry& entry) {
  statement_.bind(semester).bind(entry.row.seq).bind(entry.row.kind);
  for (const auto& number : numbers_of(entry.row)) {
    if (number) {
      statement_.bind(*number);
    } else {
      statement_.bind_null();
    }
  }
  statement_.bind(entry.row.terms).bind(entry.at).bind(entry.request_id).bind(entry.command_id);
  statement_.bind_seal(entry.note_hash).bind_seal(entry.seal).run();
}

void insert_notes(SqliteConnection& connection, SemesterId semester, const std::map<Seq, CommandNote>& notes) {
  SqliteStatement insert =
      connection.prepare("INSERT INTO ledger_note (semester_id, seq, salt, actor, note) VALUES (?, ?, ?, ?, ?)");
  for (const auto& [seq, note] : notes) {
    insert.bind(semester)
        .bind(seq)
        .bind_bytes(note.salt)
        .bind(std::string_view{note.actor})
        .bind(std::string_view{note.note})
        .run();
  }
}

std::int64_t insert_programs(SqliteConnection& connection, const std::vector<CatalogProgram>& programs) {
  const auto refuse = [](const std::string& thing, std::int64_t id) {
    throw StorageError{StorageError::Kind::kInvariant,
                       thing + " " + std::to_string(id) + " does not continue the catalogue"};
  };
  auto last_program = connection.query_integer("SELECT max(id) FROM program").value_or(0);
  const auto faculties = connection.query_integer("SELECT max(id) FROM faculty").value_or(0);
  auto last_faculty = faculties;
  SqliteStatement insert_faculty = connection.prepare("INSERT INTO faculty (id, name, key) VALUES (?, ?, ?)");
  SqliteStatement insert = connection.prepare("INSERT INTO program (id, faculty_id, name, key) VALUES (?, ?, ?, ?)");
  for (const CatalogProgram& program : programs) {
    if (program.id != ++last_program) refuse("program", program.id);
    if (program.faculty_id < 1 || program.faculty_id > last_faculty + 1) refuse("faculty", program.faculty_id);
    if (program.faculty_id == last_faculty + 1) {
      insert_faculty.bind(++last_faculty)
          .bind(std::string_view{program.faculty_name})
          .bind(std::string_view{program.faculty_key})
          .run();
    }
    insert.bind(std::int64_t{program.id})
        .bind(std::int64_t{program.faculty_id})
        .bind(std::string_view{program.name})
        .bind(std::string_view{program.key})
        .run();
  }
  return faculties;
}

bool write_change(SqliteConnection& connection, const Change& change, const SealedChange& sealed) {
  connection.prepare(kUpdateSemester)
      .bind(sealed.end.seq)
      .bind(change.capacity.classrooms)
      .bind(change.capacity.labs)
      .bind(change.capacity.conversions)
      .bind(change.left.classrooms)
      .bind(change.left.labs)
      .bind(change.left.conversions_left)
      .bind(std::int64_t{change.is_open ? 1 : 0})
      .bind_bytes(sealed.end.seal.bytes)
      .bind(change.semester_id)
      .bind(change.epoch)
      .bind(change.base)
      .bind(std::int64_t{greatest_program(change)})
      .run();
  if (connection.changes() == 0) return false;
  SqliteEntryInsert insert{connection};
  for (const auto& entry : sealed.entries) insert.add(change.semester_id, entry);
  if (sealed.entries.back().note_hash) insert_notes(connection, change.semester_id, {{sealed.end.seq, change.note}});
  add_to_registry(connection, sealed.registry_end, sealed.registered);
  return true;
}

}  // namespace dti
