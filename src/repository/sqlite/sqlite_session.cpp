#include "repository/sqlite/sqlite_session.hpp"

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "dti/repository/common/ledger_rows.hpp"
#include "dti/repository/common/migrations.hpp"
#include "dti/repository/common/sql_text.hpp"
#include "embedded/sqlite_migrations.hpp"

namespace dti {
namespace {

/// OR ROLLBACK: a row that is refused ends the transaction. Otherwise SQLite would copy every page that a statement of
/// several rows changes, to be able to take back that statement alone.
std::string insert_grants_sql(std::size_t grants) {
  std::string sql =
      "INSERT OR ROLLBACK INTO ledger (semester_id, at, seq, program_id, generation, classrooms_wanted, labs_wanted,"
      " classrooms_granted, labs_granted, mobile_labs_granted, kind, status, request_id, seal) VALUES ";
  for (std::size_t i = 0; i < grants; ++i) {
    sql += i == 0 ? "" : ", ";
    sql += "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
  }
  return sql;
}

std::span<const Migration> migrations() {
  static const auto steps = numbered(embedded::sqlite_migrations);
  return steps;
}

int known_version() { return static_cast<int>(migrations().size()); }

int stored_version(SqliteConnection& connection) {
  const bool is_there =
      connection.query_integer("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'")
          .has_value();
  return is_there ? static_cast<int>(connection.query_integer("SELECT max(version) FROM schema_version").value_or(0))
                  : 0;
}

StoredSemester read_semester(const SqliteStatement& row) {
  StoredSemester semester{.id = row.integer(0),
                          .name = row.text(1),
                          .epoch = row.integer(2),
                          .head = row.integer(3),
                          .capacity = {row.integer(4), row.integer(5), row.integer(6)},
                          .left = {row.integer(7), row.integer(8), row.integer(9)},
                          .is_open = row.integer(10) != 0};
  if (!row.is_null(11)) semester.opened_with = {row.integer(11), row.integer(12), row.integer(13)};
  semester.last_entry = row.integer(14);
  return semester;
}

/// It calls SQLite itself: each call counts here.
LedgerRow read_ledger_row(sqlite3_stmt* row, Columns columns) {
  const auto integer = [&](int column) { return std::int64_t{sqlite3_column_int64(row, column)}; };
  const auto is_null = [&](int column) { return sqlite3_column_type(row, column) == SQLITE_NULL; };
  const auto number = [&](int column) {
    const auto value = integer(column);  // NULL reads as 0
    return value == 0 && is_null(column) ? LedgerRow::Number{} : LedgerRow::Number{value};
  };
  LedgerRow read{.seq = integer(0),
                 .kind = integer(1),
                 .program_id = number(2),
                 .generation = number(3),
                 .classrooms_wanted = number(4),
                 .labs_wanted = number(5),
                 .classrooms_granted = number(6),
                 .labs_granted = number(7),
                 .mobile_labs_granted = number(8)};
  if (columns == Columns::kOfState && read.kind == stored_code(EntryKind::kGranted)) return read;
  read.classrooms_capacity = number(9);
  read.labs_capacity = number(10);
  read.conversions_capacity = number(11);
  read.status = number(12);
  return read;
}
constexpr int kColumnsOfRow = 13;

/// Passes what `read` makes of each row to `sink`, in pieces.
/// @param more  columns beside those of LedgerRow
template <class Item, class Sink, class Read>
void read_pieces(SqliteConnection& connection, const std::string& more, SemesterId semester, Seq first, Seq last,
                 const Sink& sink, const Read& read) {
  SqliteStatement select =
      connection.prepare("SELECT " + std::string{kLedgerColumns} + more +
                         " FROM ledger WHERE semester_id = ? AND seq >= ? AND seq <= ? ORDER BY seq");
  select.bind(semester).bind(first).bind(last);
  std::vector<Item> piece;
  while (select.step()) {
    if (piece.empty()) piece.reserve(static_cast<std::size_t>(kLedgerPieceEntries));
    piece.push_back(read(select.handle()));
    if (std::cmp_less(piece.size(), kLedgerPieceEntries)) continue;
    if (!sink(std::exchange(piece, {}))) return;
  }
  if (!piece.empty()) static_cast<void>(sink(std::move(piece)));
}

}  // namespace

void SqliteSession::prepare() {
  // The greatest program of the catalogue stands in for a foreign key: programs are numbered without gaps.
  guard_update.emplace(connection.prepare(
      "UPDATE semester SET head = ?1, classrooms_left = classrooms_left - ?, labs_left = labs_left - ?,"
      " conversions_left = conversions_left - ?, sealed_head = ?1, seal = ? WHERE id = ? AND epoch = ? AND head = ?"
      " AND ? <= (SELECT max(id) FROM program)"));
  insert_grant.emplace(connection.prepare(insert_grants_sql(1)));
  insert_grants.emplace(connection.prepare(insert_grants_sql(kGrantsPerInsert)));
  select_epoch.emplace(connection.prepare("SELECT epoch FROM leadership"));
  select_head.emplace(connection.prepare("SELECT head FROM semester WHERE id = ?"));
}

void SqliteSession::insert(const Batch& batch, const Seal& seal) {
  std::size_t left = batch.entries.size();
  std::size_t bound = 0;
  for_each_entry(batch, [&](const LedgerEntry& entry, const std::optional<std::string>& request_id) {
    const bool many = left >= kGrantsPerInsert;
    SqliteStatement& insert = many ? *insert_grants : *insert_grant;
    insert.bind(batch.semester_id)
        .bind(stored_time(batch.at))
        .bind(entry.seq)
        .bind(std::int64_t{entry.program_id})
        .bind(std::int64_t{entry.generation})
        .bind(entry.want.classrooms)
        .bind(entry.want.labs)
        .bind(entry.grant.classrooms)
        .bind(entry.grant.labs)
        .bind(entry.grant.mobile_labs)
        .bind(std::int64_t{stored_code(entry.kind)});
    if (entry.kind == EntryKind::kGranted) {
      insert.bind(std::int64_t{status_code(entry)});
    } else {
      insert.bind_null();
    }
    insert.bind(request_id);
    if (entry.seq == batch.entries.back().seq) {
      insert.bind_bytes(seal.bytes);
    } else {
      insert.bind_null();
    }
    if (++bound == (many ? kGrantsPerInsert : 1)) {
      insert.run();
      left -= bound;
      bound = 0;
    }
  });
}

Epoch SqliteSession::epoch() {
  const Epoch found = select_epoch->step() ? select_epoch->integer(0) : 0;
  select_epoch->reset();
  return found;
}

bool has_schema(SqliteConnection& connection) {
  const int version = stored_version(connection);
  refuse_newer_schema(version, known_version());
  return version > 0;
}

SchemaChange due_migration(SqliteConnection& connection) {
  const int version = stored_version(connection);
  refuse_newer_schema(version, known_version());
  return {version, known_version()};
}

SchemaChange migrate(SqliteConnection& connection, WallTime at) {
  const SchemaChange change = due_migration(connection);
  for (const Migration& migration : migrations().subspan(static_cast<std::size_t>(change.from))) {
    connection.execute(std::string{migration.text}.c_str());
    connection.prepare("INSERT INTO schema_version (version, applied_at) VALUES (?, ?)")
        .bind(std::int64_t{migration.version})
        .bind(stored_time(at))
        .run();
  }
  return change;
}

std::vector<StoredSemester> read_semesters(SqliteConnection& connection) {
  SqliteStatement select = connection.prepare(kSelectSemesters);
  std::vector<StoredSemester> semesters;
  while (select.step()) {
    semesters.push_back(read_semester(select));
  }
  return semesters;
}

std::vector<CatalogProgram> read_programs(SqliteConnection& connection, ProgramId after) {
  SqliteStatement select = connection.prepare(std::string{kSelectPrograms} + "WHERE p.id > ? ORDER BY p.id");
  select.bind(std::int64_t{after});
  std::vector<CatalogProgram> programs;
  while (select.step()) {
    const std::int64_t program = select.integer(0);
    const std::int64_t faculty = select.integer(1);
    if (!std::in_range<ProgramId>(program) || !std::in_range<FacultyId>(faculty)) {
      throw StorageError{StorageError::Kind::kCorrupt, "program " + std::to_string(program) + " of faculty " +
                                                           std::to_string(faculty) +
                                                           " of the catalogue cannot be read:"
                                                           " the server gives no such number"};
    }
    programs.push_back({.id = static_cast<ProgramId>(program),
                        .faculty_id = static_cast<FacultyId>(faculty),
                        .faculty_name = select.text(2),
                        .faculty_key = select.text(3),
                        .name = select.text(4),
                        .key = select.text(5)});
  }
  return programs;
}

void read_rows(SqliteConnection& connection, SemesterId semester, Seq first, Seq last, Columns columns,
               const RowSink& sink) {
  read_pieces<LedgerRow>(connection, "", semester, first, last, sink,
                         [&](sqlite3_stmt* row) { return read_ledger_row(row, columns); });
}

void read_entries(SqliteConnection& connection, SemesterId semester, Seq first, Seq last, const EntrySink& sink) {
  const auto read = [](sqlite3_stmt* row) {
    StoredEntry entry{read_ledger_row(row, Columns::kAll), sqlite3_column_int64(row, kColumnsOfRow), std::nullopt};
    if (const auto* text = sqlite3_column_text(row, kColumnsOfRow + 1)) {
      entry.request_id.emplace(reinterpret_cast<const char*>(text),
                               static_cast<std::size_t>(sqlite3_column_bytes(row, kColumnsOfRow + 1)));
    }
    if (sqlite3_column_type(row, kColumnsOfRow + 2) != SQLITE_NULL) {
      const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(row, kColumnsOfRow + 2));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, kColumnsOfRow + 2));
      entry.seal =
          seal_of_bytes(bytes == nullptr ? std::string_view{} : std::string_view{bytes, size}).value_or(Seal{});
    }
    return entry;
  };
  const auto pass = [&](std::vector<StoredEntry> piece) {
    sink(std::move(piece));
    return true;
  };
  const std::string seal = schema_version(connection) < kSealsVersion ? ", NULL" : ", seal";
  read_pieces<StoredEntry>(connection, ", at, request_id" + seal, semester, first, last, pass, read);
}

int schema_version(SqliteConnection& connection) { return stored_version(connection); }

}  // namespace dti
