#include "dti/repository/open/open_copy.hpp"

#include "dti/repository/postgresql/open_postgresql.hpp"
#include "dti/repository/sqlite/open_sqlite.hpp"

namespace dti {

std::unique_ptr<StoreHold> hold_store(const StoreAddress& address, std::chrono::milliseconds timeout,
                                      const CopyWarningSink& warn) {
  if (const auto* const sqlite = std::get_if<SqliteStoreAddress>(&address)) return hold_sqlite(sqlite->path);
  if (const auto* const postgresql = std::get_if<PostgresqlStoreAddress>(&address)) {
    return hold_postgresql(postgresql->conninfo, timeout, warn);
  }
  throw StorageError{StorageError::Kind::kRefused, "no other process can use a store in memory"};
}

std::unique_ptr<StoreFiller> open_filler(const StoreAddress& address, std::chrono::milliseconds timeout, WallTime at,
                                         const CopyWarningSink& warn) {
  if (const auto* const sqlite = std::get_if<SqliteStoreAddress>(&address)) {
    return open_sqlite_filler(sqlite->path, timeout, at, warn);
  }
  if (const auto* const postgresql = std::get_if<PostgresqlStoreAddress>(&address)) {
    return open_postgresql_filler(postgresql->conninfo, timeout, at, warn);
  }
  throw StorageError{StorageError::Kind::kRefused, "no other process can use a store in memory"};
}

}  // namespace dti
