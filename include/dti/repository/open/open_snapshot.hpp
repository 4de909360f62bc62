#pragma once

#include <chrono>
#include <memory>

#include "dti/repository/open/open_repository.hpp"
#include "dti/service/ledger/ledger_snapshot.hpp"

namespace dti {

/// Opens a store to read it as it is now, with or without a running server. Creates nothing.
/// @param address  of a SQLite file or of PostgreSQL; another process cannot read a store in memory
/// @param timeout  limits the time to connect, and each wait for a lock of another session
/// @param from  matters if the address of PostgreSQL lists several hosts
/// @throws StorageError  kRefused: no such store, an empty one, or a newer schema; kCorrupt, kUnavailable
[[nodiscard]] std::unique_ptr<LedgerSnapshot> open_snapshot(const StoreAddress& address,
                                                            std::chrono::milliseconds timeout,
                                                            ReadFrom from = ReadFrom::kAnyHost);

}  // namespace dti
