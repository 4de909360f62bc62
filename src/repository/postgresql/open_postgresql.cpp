#include "dti/repository/postgresql/open_postgresql.hpp"

#include <utility>

#include "repository/postgresql/postgresql_repository.hpp"
#include "repository/postgresql/postgresql_snapshot.hpp"

namespace dti {

std::unique_ptr<Repository> open_postgresql_repository(const std::string& conninfo, std::chrono::milliseconds timeout,
                                                       LogSink log) {
  return std::make_unique<PostgresqlRepository>(conninfo, timeout, std::move(log));
}

std::unique_ptr<LedgerSnapshot> open_postgresql_snapshot(const std::string& conninfo,
                                                         std::chrono::milliseconds timeout) {
  return std::make_unique<PostgresqlSnapshot>(conninfo, timeout);
}

}  // namespace dti
