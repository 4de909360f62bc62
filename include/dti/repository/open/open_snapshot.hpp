#pragma once

#include <chrono>
#include <memory>

#include "dti/repository/open/open_repository.hpp"
#include "dti/service/ledger/ledger_snapshot.hpp"

namespace dti {

/// Opens a store to read it as it is now, beside a server or without one. What is not there is not made.
/// @param address  of a SQLite file or of PostgreSQL; in memory there is nothing that another process could read
/// @param timeout  bounds connecting, and each wait for somebody else's lock
/// @throws StorageError  kRefused: no such store, an empty one, or a newer schema; kCorrupt, kUnavailable
[[nodiscard]] std::unique_ptr<LedgerSnapshot> open_snapshot(const StoreAddress& address,
                                                            std::chrono::milliseconds timeout);

}  // namespace dti
