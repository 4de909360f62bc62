#include "dti/repository/open/open_snapshot.hpp"

#include "dti/repository/postgresql/open_postgresql.hpp"
#include "dti/repository/sqlite/open_sqlite.hpp"

namespace dti {

std::unique_ptr<LedgerSnapshot> open_snapshot(const StoreAddress& address, std::chrono::milliseconds timeout,
                                              ReadFrom from) {
  if (const auto* const sqlite = std::get_if<SqliteStoreAddress>(&address)) {
    return open_sqlite_snapshot(sqlite->path, timeout);
  }
  if (const auto* const postgresql = std::get_if<PostgresqlStoreAddress>(&address)) {
    return open_postgresql_snapshot(postgresql->conninfo, timeout, from);
  }
  throw StorageError{StorageError::Kind::kRefused, "no other process can read a store in memory"};
}

}  // namespace dti
