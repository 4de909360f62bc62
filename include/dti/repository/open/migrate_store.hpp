#pragma once

#include <chrono>

#include "dti/base/time.hpp"
#include "dti/repository/open/open_repository.hpp"
#include "dti/service/ledger/schema_change.hpp"
#include "dti/service/ledger/store_copy.hpp"

namespace dti {

/// Makes the schema of a store, or brings it up to date, in one transaction. No server can take the lead meanwhile, and
/// none that led before can write afterwards. A SQLite file need not exist. Changes nothing if the schema is up to date.
/// @param address  of a SQLite file or of PostgreSQL
/// @param timeout  limits the time to connect, and each wait for a lock
/// @throws StorageError  kRefused: a server leads, the schema is newer, or this role may not change it; kUnavailable
[[nodiscard]] SchemaChange migrate_store(const StoreAddress& address, std::chrono::milliseconds timeout, WallTime at,
                                         const CopyWarningSink& warn);

}  // namespace dti
