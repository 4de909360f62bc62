#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "dti/base/log.hpp"
#include "dti/service/ledger/ledger_snapshot.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

/// The ledger in PostgreSQL, for a server. Connects to nothing yet. See PostgresqlRepository.
/// @throws StorageError  kRefused if the text is not a connection text; the error does not quote it
[[nodiscard]] std::unique_ptr<Repository> open_postgresql_repository(const std::string& conninfo,
                                                                     std::chrono::milliseconds timeout, LogSink log);

/// The same database, to be read in one transaction. See PostgresqlSnapshot.
/// @throws StorageError  kRefused, kCorrupt, kUnavailable; the text never holds a password
[[nodiscard]] std::unique_ptr<LedgerSnapshot> open_postgresql_snapshot(const std::string& conninfo,
                                                                       std::chrono::milliseconds timeout);

}  // namespace dti
