#pragma once

#include <chrono>
#include <memory>

#include "dti/base/time.hpp"
#include "dti/repository/open/open_repository.hpp"
#include "dti/service/ledger/store_copy.hpp"

namespace dti {

/// Keeps servers away from a store that exists.
/// @param address  of a SQLite file or of PostgreSQL
/// @throws StorageError  kRefused: a server uses the store, or it cannot be written; kUnavailable
[[nodiscard]] std::unique_ptr<StoreHold> hold_store(const StoreAddress& address, std::chrono::milliseconds timeout,
                                                    const CopyWarningSink& warn);

/// Opens a store without programs, semesters and entries, in order to fill it. A SQLite file need not exist.
/// @param address  of a SQLite file or of PostgreSQL
/// @param timeout  limits the time to connect, and each wait for a lock
/// @throws StorageError  kRefused: the store is not empty, a server uses it, or no server may use it; kUnavailable
[[nodiscard]] std::unique_ptr<StoreFiller> open_filler(const StoreAddress& address, std::chrono::milliseconds timeout,
                                                       WallTime at, const CopyWarningSink& warn);

}  // namespace dti
