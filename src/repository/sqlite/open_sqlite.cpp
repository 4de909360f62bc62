#include "dti/repository/sqlite/open_sqlite.hpp"

#include <utility>

#include "repository/sqlite/sqlite_repository.hpp"
#include "repository/sqlite/sqlite_snapshot.hpp"

namespace dti {

std::unique_ptr<Repository> open_sqlite_repository(const std::filesystem::path& path, std::chrono::milliseconds timeout,
                                                   LogSink log) {
  return std::make_unique<SqliteRepository>(path, timeout, std::move(log));
}

std::unique_ptr<LedgerSnapshot> open_sqlite_snapshot(const std::filesystem::path& path,
                                                     std::chrono::milliseconds timeout) {
  return std::make_unique<SqliteSnapshot>(path, timeout);
}

}  // namespace dti
