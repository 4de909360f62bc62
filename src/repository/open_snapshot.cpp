#include "dti/repository/open_snapshot.hpp"

#include "repository/postgresql_snapshot.hpp"
#include "repository/sqlite_snapshot.hpp"

namespace dti {

std::unique_ptr<LedgerSnapshot> open_snapshot(const StoreAddress& address, std::chrono::milliseconds timeout) {
  if (const auto* const sqlite = std::get_if<SqliteStoreAddress>(&address)) {
    return std::make_unique<SqliteSnapshot>(sqlite->path, timeout);
  }
  if (const auto* const postgresql = std::get_if<PostgresqlStoreAddress>(&address)) {
    return std::make_unique<PostgresqlSnapshot>(postgresql->conninfo, timeout);
  }
  throw StorageError{StorageError::Kind::kRefused, "a store in memory is another process's: nobody can look at it"};
}

}  // namespace dti
