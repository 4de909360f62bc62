#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "dti/base/log.hpp"
#include "dti/domain/ledger.hpp"
#include "dti/service/ledger/repository.hpp"
#include "repository/sqlite/sqlite_files.hpp"
#include "repository/sqlite/sqlite_handle.hpp"
#include "repository/sqlite/store_lock.hpp"

namespace dti {

/// Locks a database file for one server, and checks that it is still the file that was opened, and that it has every
/// answered grant. Source: docs/adr/0009-sqlite-store.md. Thread: one.
class StoreKeeper {
 public:
  /// Creates the folder if it does not exist, for its owner alone, and locks the file, which need not exist yet.
  /// @throws StorageError  kRefused, naming the path and the reason
  StoreKeeper(const std::filesystem::path& path, LogSink log);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }  // resolved
  [[nodiscard]] const std::filesystem::path& log_path() const { return log_path_; }
  /// Tells whether the file was taken over. After that, a missing file or another file is an error.
  [[nodiscard]] bool has_file() const { return file_.has_value(); }

  /// @param log  the write-ahead log of the open connection, if there is one
  /// @throws StorageError  kRefused: the open file is not the one at the path, or has a second name
  void check(const std::optional<FileId>& log) const;

  /// Makes the file if there is none, so that only its owner can read it. If this fails, opening the file tells why.
  void make_file() const;

  /// For a connection that was opened just now and has read nothing: is there a schema, and is the write-ahead log the
  /// database's own, and not missing?
  /// @throws StorageError  kRefused: the schema is newer, or the log is not the right one; kCorrupt: they do not fit
  [[nodiscard]] bool examine(SqliteConnection& connection);

  /// Within the transaction of a take-over: from now on the file says that it is in use.
  void mark(SqliteConnection& connection, Epoch epoch);
  /// The take-over is done.
  /// @return the write-ahead log of the connection
  FileId take_over(std::span<const StoredSemester> semesters);
  /// Records that `count` entries were stored. The next start must find them.
  void add_entries(std::int64_t count);

 private:
  // Fixed after construction.
  const std::filesystem::path path_;
  const std::filesystem::path log_path_;
  const LogSink log_;
  const StoreLock lock_;
  // The file that is used.
  std::optional<FileId> file_;
  StoreNote note_;  // as in the lock file
  bool told_of_copy_ = false;
};

}  // namespace dti
