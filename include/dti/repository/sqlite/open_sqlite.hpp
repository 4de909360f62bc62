#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

#include "dti/base/log.hpp"
#include "dti/base/time.hpp"
#include "dti/service/ledger/ledger_snapshot.hpp"
#include "dti/service/ledger/repository.hpp"
#include "dti/service/ledger/schema_change.hpp"
#include "dti/service/ledger/store_copy.hpp"

namespace dti {

/// The ledger in a SQLite file, for its server. See SqliteRepository.
/// @throws StorageError  kRefused, naming the path and the reason
[[nodiscard]] std::unique_ptr<Repository> open_sqlite_repository(const std::filesystem::path& path,
                                                                 std::chrono::milliseconds timeout, LogSink log);

/// The same file, to be read. See SqliteSnapshot.
/// @throws StorageError  kRefused, naming the path and the reason; kCorrupt, kUnavailable
[[nodiscard]] std::unique_ptr<LedgerSnapshot> open_sqlite_snapshot(const std::filesystem::path& path,
                                                                   std::chrono::milliseconds timeout);

/// Fills the file with a copy of another store. The file need not exist.
/// @throws StorageError  kRefused: it is not empty, a server has it, or no server may use it
[[nodiscard]] std::unique_ptr<StoreFiller> open_sqlite_filler(const std::filesystem::path& path,
                                                              std::chrono::milliseconds timeout, WallTime at,
                                                              CopyWarningSink warn);

/// Keeps servers away from the file, which must exist.
/// @throws StorageError  kRefused: a server has it, or its lock file cannot be written
[[nodiscard]] std::unique_ptr<StoreHold> hold_sqlite(const std::filesystem::path& path);

/// Makes the schema of the file, or brings it up to date. The file need not exist. See migrate_store().
/// @throws StorageError  kRefused: a server has it, the schema is newer, or no server may use the file; kUnavailable
[[nodiscard]] SchemaChange migrate_sqlite(const std::filesystem::path& path, std::chrono::milliseconds timeout,
                                          WallTime at, const CopyWarningSink& warn);

}  // namespace dti
