#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "dti/base/log.hpp"
#include "dti/base/time.hpp"
#include "dti/service/ledger/ledger_snapshot.hpp"
#include "dti/service/ledger/repository.hpp"
#include "dti/service/ledger/schema_change.hpp"
#include "dti/service/ledger/store_copy.hpp"

namespace dti {

/// The ledger in PostgreSQL, for a server. Connects to nothing yet. See PostgresqlRepository.
/// @throws StorageError  kRefused if the text is not a connection text; the error does not quote it
[[nodiscard]] std::unique_ptr<Repository> open_postgresql_repository(const std::string& conninfo,
                                                                     std::chrono::milliseconds timeout, LogSink log);

/// The same database, to be read in one transaction. See PostgresqlSnapshot.
/// @throws StorageError  kRefused, kCorrupt, kUnavailable; the text never holds a password
[[nodiscard]] std::unique_ptr<LedgerSnapshot> open_postgresql_snapshot(const std::string& conninfo,
                                                                       std::chrono::milliseconds timeout,
                                                                       ReadFrom from);

/// Fills the database with a copy of another store.
/// @throws StorageError  kRefused: it is not empty, a server leads it, or no server may use it; kUnavailable
[[nodiscard]] std::unique_ptr<StoreFiller> open_postgresql_filler(const std::string& conninfo,
                                                                  std::chrono::milliseconds timeout, WallTime at,
                                                                  CopyWarningSink warn);

/// Keeps servers from taking the lead of the database. Needs the right to update the table leadership.
/// @throws StorageError  kRefused: a server leads it, or it is empty; kUnavailable
[[nodiscard]] std::unique_ptr<StoreHold> hold_postgresql(const std::string& conninfo, std::chrono::milliseconds timeout,
                                                         CopyWarningSink warn);

/// Makes the schema of the database, or brings it up to date. See migrate_store().
/// @throws StorageError  kRefused: a server leads, the schema is newer, or the role may not change it; kUnavailable
[[nodiscard]] SchemaChange migrate_postgresql(const std::string& conninfo, std::chrono::milliseconds timeout,
                                              WallTime at, CopyWarningSink warn);

}  // namespace dti
