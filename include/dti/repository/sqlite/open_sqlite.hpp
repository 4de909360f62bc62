#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

#include "dti/base/log.hpp"
#include "dti/service/ledger/ledger_snapshot.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

/// The ledger in a SQLite file, for its server. See SqliteRepository.
/// @throws StorageError  kRefused, naming the path and the reason
[[nodiscard]] std::unique_ptr<Repository> open_sqlite_repository(const std::filesystem::path& path,
                                                                 std::chrono::milliseconds timeout, LogSink log);

/// The same file, to be read. See SqliteSnapshot.
/// @throws StorageError  kRefused, naming the path and the reason; kCorrupt, kUnavailable
[[nodiscard]] std::unique_ptr<LedgerSnapshot> open_sqlite_snapshot(const std::filesystem::path& path,
                                                                   std::chrono::milliseconds timeout);

}  // namespace dti
