#include "dti/repository/open/migrate_store.hpp"

#include "dti/repository/postgresql/open_postgresql.hpp"
#include "dti/repository/sqlite/open_sqlite.hpp"

namespace dti {

SchemaChange migrate_store(const StoreAddress& address, std::chrono::milliseconds timeout, WallTime at,
                           const CopyWarningSink& warn) {
  if (const auto* const sqlite = std::get_if<SqliteStoreAddress>(&address)) {
    return migrate_sqlite(sqlite->path, timeout, at, warn);
  }
  if (const auto* const postgresql = std::get_if<PostgresqlStoreAddress>(&address)) {
    return migrate_postgresql(postgresql->conninfo, timeout, at, warn);
  }
  throw StorageError{StorageError::Kind::kRefused, "no other process can use a store in memory"};
}

}  // namespace dti
