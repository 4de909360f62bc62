#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "dti/service/ledger/ledger_snapshot.hpp"
#include "dti/service/ledger/repository.hpp"
#include "dti/service/ledger/schema_change.hpp"
#include "repository/sqlite/sqlite_files.hpp"
#include "repository/sqlite/sqlite_handle.hpp"

namespace dti {

/// How many grants one statement inserts into the ledger. A higher number is not faster.
inline constexpr std::size_t kGrantsPerInsert = 20;

/// An open database file, with the statements of the path of a request: there once prepare() was called, on a schema.
struct SqliteSession {
  explicit SqliteSession(SqliteConnection opened) : connection(std::move(opened)) {}

  void prepare();
  /// Adds the entries to the ledger, within the caller's transaction. After an SqliteError some of them may be there,
  /// and the transaction may be over or not: the caller rolls back.
  void insert(const Batch& batch, const Seal& seal);
  [[nodiscard]] Epoch epoch();

  SqliteConnection connection;
  FileId log;  // its write-ahead log, which is there for as long as the session is
  // These go before the connection does.
  std::optional<SqliteStatement> guard_update;  // head, rooms, seal; id, epoch, base, program
  std::optional<SqliteStatement> insert_grant;
  std::optional<SqliteStatement> insert_grants;  // kGrantsPerInsert of them
  std::optional<SqliteStatement> select_epoch;
  std::optional<SqliteStatement> select_head;
};

/// The version of the stored schema; 0: there is none.
[[nodiscard]] int schema_version(SqliteConnection& connection);

/// Tells whether there is a schema that this program can read.
/// @throws StorageError  kRefused if it is a newer one
[[nodiscard]] bool has_schema(SqliteConnection& connection);

/// The migration that brings the schema up to date.
/// @throws StorageError  kRefused if it is a newer one
[[nodiscard]] SchemaChange due_migration(SqliteConnection& connection);

/// Brings the schema up to date, within the caller's transaction.
/// @throws StorageError  kRefused if it is a newer one
SchemaChange migrate(SqliteConnection& connection, WallTime at);

/// All semesters, open and closed, in order of id.
[[nodiscard]] std::vector<StoredSemester> read_semesters(SqliteConnection& connection);
/// The programs with ids above `after`, in order of id.
/// @throws StorageError  kCorrupt
[[nodiscard]] std::vector<CatalogProgram> read_programs(SqliteConnection& connection, ProgramId after);
/// Implements LedgerReader::read_ledger(). The statement is open while `sink` runs.
void read_rows(SqliteConnection& connection, SemesterId semester, Seq first, Seq last, Columns columns,
               const RowSink& sink);
/// Implements LedgerReader::read_entries(), read_grant() and LedgerSnapshot::read_notes().
void read_entries(SqliteConnection& connection, SemesterId semester, Seq first, Seq last, const EntrySink& sink);
void read_grant(SqliteConnection& connection, SemesterId semester, ProgramId program, std::int32_t generation,
                const EntrySink& sink);
[[nodiscard]] std::map<Seq, CommandNote> read_notes(SqliteConnection& connection, SemesterId semester, Seq first,
                                                    Seq last);

}  // namespace dti
