#include <sqlite3.h>

#include <chrono>
#include <string>

#include "dti/repository/sqlite/open_sqlite.hpp"
#include "repository/sqlite/sqlite_handle.hpp"
#include "repository/sqlite/sqlite_session.hpp"
#include "repository/sqlite/store_keeper.hpp"

namespace dti {
namespace {

SchemaChange migrate_file(StoreKeeper& keeper, std::chrono::milliseconds timeout, WallTime at) {
  keeper.make_file();
  SqliteConnection connection{keeper.path().string(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX};
  connection.execute(("PRAGMA busy_timeout = " + std::to_string(timeout.count())).c_str());
  static_cast<void>(keeper.examine(connection));
  if (const SchemaChange due = due_migration(connection); !due.is_needed()) return due;
  connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  SqliteTransaction transaction{connection};
  const SchemaChange change = migrate(connection, at);
  transaction.commit();
  return change;
}

}  // namespace

SchemaChange migrate_sqlite(const std::filesystem::path& path, std::chrono::milliseconds timeout, WallTime at,
                            const CopyWarningSink& warn) {
  StoreKeeper keeper{path, [&warn](const LogEvent& event) { warn(event.message); }};
  try {
    return migrate_file(keeper, timeout, at);
  } catch (const SqliteError& error) {
    throw StorageError{StorageError::Kind::kUnavailable,
                       "the database " + keeper.path().string() + ": " + error.what()};
  }
}

}  // namespace dti
