#include "repository/sqlite/sqlite_session.hpp"

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

constexpr char kOfSemester[] = "semester_id = ? AND seq >= ? AND seq <= ?";
constexpr char kNoCommandColumns[] = ", NULL, NULL, NULL";
constexpr char kNoWaitListColumns[] = ", NULL, NULL";
constexpr char kHoldColumns[] =
    ", expires_at, faculty_id, classrooms_limit, classrooms_limit_is_soft, labs_limit, labs_limit_is_soft";
constexpr char kNoHoldColumns[] = ", NULL, NULL, NULL, NULL, NULL, NULL";
constexpr char kRoundColumns[] = ", terms";
constexpr char kNoRoundColumns[] = ", NULL";

// Where kCommandColumns, kWaitListColumns, kHoldColumns, kRoundColumns, and what follows them in an entry, are in a row.
constexpr int kGrantColumnCount = 9;
constexpr int kCauseColumn = 13;
constexpr int kWaitsSinceColumn = 16;
constexpr int kExpiresAtColumn = 18;
constexpr int kTermsColumn = 24;
constexpr int kAtColumn = 25;

std::optional<std::string_view> text(sqlite3_stmt* row, int column) {
  const auto* const bytes = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  if (bytes == nullptr) return std::nullopt;
  return std::string_view{bytes, static_cast<std::size_t>(sqlite3_column_bytes(row, column))};
}

/// A cell that holds something else has no seal that could fit.
std::optional<Seal> seal(sqlite3_stmt* row, int column) {
  if (sqlite3_column_type(row, column) == SQLITE_NULL) return std::nullopt;
  const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(row, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
  return seal_of_bytes(bytes == nullptr ? std::string_view{} : std::string_view{bytes, size}).value_or(Seal{});
}

/// NULL is none. It calls SQLite itself: each call counts here.
LedgerRow::Number number(sqlite3_stmt* row, int column) {
  const std::int64_t value = sqlite3_column_int64(row, column);  // NULL reads as 0
  return value == 0 && sqlite3_column_type(row, column) == SQLITE_NULL ? LedgerRow::Number{} : LedgerRow::Number{value};
}

/// Reads kGrantColumns and the cause, which is seldom there.
LedgerRow read_grant_row(sqlite3_stmt* row, int cause_column) {
  const bool has_cause = sqlite3_column_type(row, cause_column) != SQLITE_NULL;
  return {.seq = sqlite3_column_int64(row, 0),
          .kind = sqlite3_column_int64(row, 1),
          .program_id = number(row, 2),
          .generation = number(row, 3),
          .classrooms_wanted = number(row, 4),
          .labs_wanted = number(row, 5),
          .classrooms_granted = number(row, 6),
          .labs_granted = number(row, 7),
          .mobile_labs_granted = number(row, 8),
          .cause = has_cause ? number(row, cause_column) : LedgerRow::Number{}};
}

LedgerRow read_ledger_row(sqlite3_stmt* row) {
  LedgerRow read = read_grant_row(row, kCauseColumn);
  read.classrooms_capacity = number(row, kGrantColumnCount);
  read.labs_capacity = number(row, kGrantColumnCount + 1);
  read.conversions_capacity = number(row, kGrantColumnCount + 2);
  read.status = number(row, kGrantColumnCount + 3);
  if (const auto request = text(row, kCauseColumn + 1)) read.request = id_hash(*request);
  if (const auto command = text(row, kCauseColumn + 2)) read.command = id_hash(*command);
  read.waits_since = number(row, kWaitsSinceColumn);
  read.setting = number(row, kWaitsSinceColumn + 1);
  read.expires_at = number(row, kExpiresAtColumn);
  read.faculty_id = number(row, kExpiresAtColumn + 1);
  read.classrooms_limit = number(row, kExpiresAtColumn + 2);
  read.classrooms_limit_is_soft = number(row, kExpiresAtColumn + 3);
  read.labs_limit = number(row, kExpiresAtColumn + 4);
  read.labs_limit_is_soft = number(row, kExpiresAtColumn + 5);
  if (const auto terms = text(row, kTermsColumn)) read.terms.emplace(*terms);
  if (rests_on_time(read)) read.at = number(row, kAtColumn);
  return read;
}

StoredEntry read_entry(sqlite3_stmt* row) {
  StoredEntry entry{read_ledger_row(row), sqlite3_column_int64(row, kAtColumn), std::nullopt};
  entry.seal = seal(row, kAtColumn + 1);
  entry.note_hash = seal(row, kAtColumn + 2);
  if (const auto request = text(row, kAtColumn + 3)) entry.request_id.emplace(*request);
  if (const auto command = text(row, kCauseColumn + 2)) entry.command_id.emplace(*command);
  hash_ids(entry);
  return entry;
}

/// The columns of LedgerRow. A schema from before 0008 has fewer.
std::string row_columns(int version) {
  return std::string{kGrantColumns} + kOtherColumns + (version < kOfficeVersion ? kNoCommandColumns : kCommandColumns) +
         (version < kWaitListVersion ? kNoWaitListColumns : kWaitListColumns) +
         (version < kHoldsVersion ? kNoHoldColumns : kHoldColumns) +
         (version < kRoundsVersion ? kNoRoundColumns : kRoundColumns) + ", at";
}

/// The columns of an entry.
std::string entry_columns(SqliteConnection& connection) {
  const int version = stored_version(connection);
  return row_columns(version) + (version < kSealsVersion ? ", NULL" : ", seal") +
         (version < kOfficeVersion ? ", NULL" : ", note_hash") + ", request_id FROM ledger ";
}

/// Of the grant that a topped-up one comes from. It reads the index from the newest generation on.
constexpr const char* kGenerationNotToppedUp =
    "SELECT generation FROM ledger WHERE kind = 0 AND semester_id = ? AND program_id = ? AND generation < ?"
    " AND (cause IS NULL OR cause <> 3) ORDER BY generation DESC LIMIT 1";

/// Passes what `read` makes of each row that the statement finds to `sink`, in pieces.
template <class Item, class Sink, class Read>
void read_pieces(SqliteStatement& select, const Sink& sink, const Read& read) {
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
        .bind(std::int64_t{stored_code(entry.kind)})
        .bind(std::int64_t{status_code(entry)})
        .bind(request_id);
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
  const int version = stored_version(connection);
  const auto select = [&](const std::string& what, const char* more) {
    return connection.prepare("SELECT " + what + " FROM ledger WHERE " + kOfSemester + more + " ORDER BY seq");
  };
  if (columns == Columns::kAll) {
    SqliteStatement rows = select(row_columns(version), "");
    rows.bind(semester).bind(first).bind(last);
    return read_pieces<LedgerRow>(rows, sink, read_ledger_row);
  }
  // Of rows that are no plain grants, the other columns are read afterwards. They are few, and each column of each row
  // takes time.
  const bool has_commands = version >= kOfficeVersion;
  SqliteStatement grants = select(kGrantColumns + std::string{has_commands ? ", cause" : ", NULL"}, "");
  SqliteStatement others =
      select(row_columns(version), has_commands ? " AND (kind <> 0 OR cause IS NOT NULL)" : " AND kind <> 0");
  bool are_plain_grants = true;
  const auto complete = [&](std::vector<LedgerRow> piece) {
    if (!std::exchange(are_plain_grants, true)) {
      std::vector<LedgerRow> rows;
      others.bind(semester).bind(piece.front().seq).bind(piece.back().seq);
      while (others.step()) rows.push_back(read_ledger_row(others.handle()));
      others.reset();
      replace_rows(piece, rows);
    }
    return sink(std::move(piece));
  };
  grants.bind(semester).bind(first).bind(last);
  read_pieces<LedgerRow>(grants, complete, [&](sqlite3_stmt* row) {
    LedgerRow read = read_grant_row(row, kGrantColumnCount);
    are_plain_grants = are_plain_grants && is_plain_grant(read);
    return read;
  });
}

void read_entries(SqliteConnection& connection, SemesterId semester, Seq first, Seq last, const EntrySink& sink) {
  SqliteStatement select =
      connection.prepare("SELECT " + entry_columns(connection) + "WHERE " + kOfSemester + " ORDER BY seq");
  select.bind(semester).bind(first).bind(last);
  const auto pass = [&](std::vector<StoredEntry> piece) {
    sink(std::move(piece));
    return true;
  };
  read_pieces<StoredEntry>(select, pass, read_entry);
}

void read_grant(SqliteConnection& connection, SemesterId semester, ProgramId program, std::int32_t generation,
                const EntrySink& sink) {
  std::vector<StoredEntry> entries;
  const auto read = [&](std::int64_t wanted) {
    for (const char* const kind : kKindsOfGrant) {
      SqliteStatement select = connection.prepare("SELECT " + entry_columns(connection) + "WHERE kind = " + kind +
                                                  " AND semester_id = ? AND program_id = ? AND generation = ?");
      select.bind(semester).bind(std::int64_t{program}).bind(wanted);
      while (select.step()) entries.push_back(read_entry(select.handle()));
    }
  };
  read(generation);
  if (!entries.empty() && is_topped_up(entries.front().row)) {
    SqliteStatement select = connection.prepare(kGenerationNotToppedUp);
    select.bind(semester).bind(std::int64_t{program}).bind(std::int64_t{generation});
    const auto newest = std::exchange(entries, {});
    if (select.step()) {
      const auto first = select.integer(0);
      read(first);
      for (const char* const kind : kKindsOfHold) {
        SqliteStatement between =
            connection.prepare("SELECT " + entry_columns(connection) + "WHERE kind = " + kind +
                               " AND semester_id = ? AND program_id = ? AND generation > ? AND generation < ?");
        between.bind(semester).bind(std::int64_t{program}).bind(first).bind(std::int64_t{generation});
        while (between.step()) entries.push_back(read_entry(between.handle()));
      }
    }
    entries.insert(entries.end(), newest.begin(), newest.end());
  }
  sort_by_seq(entries);
  if (!entries.empty()) sink(std::move(entries));
}

std::map<Seq, CommandNote> read_notes(SqliteConnection& connection, SemesterId semester, Seq first, Seq last) {
  std::map<Seq, CommandNote> notes;
  if (stored_version(connection) < kOfficeVersion) return notes;
  SqliteStatement select =
      connection.prepare("SELECT seq, salt, actor, note FROM ledger_note WHERE " + std::string{kOfSemester});
  select.bind(semester).bind(first).bind(last);
  while (select.step()) {
    const auto salt = store_id_of_bytes(select.bytes(1)).value_or(StoreId{}).bytes;
    notes[select.integer(0)] = {salt, select.text(2), select.text(3)};
  }
  return notes;
}

int schema_version(SqliteConnection& connection) { return stored_version(connection); }

}  // namespace dti
