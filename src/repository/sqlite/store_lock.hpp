#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>

#include "dti/base/descriptor.hpp"

namespace dti {

/// The path of a database file with all links resolved, including a link to a file that does not exist yet. One file
/// therefore has one lock, under any of its names.
/// @throws StorageError  kRefused, naming the path
[[nodiscard]] std::filesystem::path resolve_path(const std::filesystem::path& path);

/// Facts about the database that its lock file keeps, also while no server runs.
struct StoreNote {
  ino_t inode = 0;           // of the database, with `born`: an inode's number is used again when its file is removed
  std::int64_t born = 0;     // as FileFacts
  std::int64_t entries = 0;  // of all ledgers: the number that was stored, or less, when the note was written

  friend bool operator==(const StoreNote&, const StoreNote&) = default;
};

/// The note beside the database, read without a right to write.
[[nodiscard]] std::optional<StoreNote> read_note(const std::filesystem::path& path);

enum class LockState { kFree, kHeld, kUnknown };  // kUnknown: the lock file may not be read

/// Whether a server holds the lock of the database. Needs no right to write, and keeps no lock.
[[nodiscard]] LockState probe_lock(const std::filesystem::path& path);

/// Keeps other processes, and other repositories of this process, away from a database file while it lives. It is a
/// flock on `<path>.lock`, which names the process that holds it. The system removes the lock when the process ends.
class StoreLock {
 public:
  /// @param path  as resolve_path() gives it
  /// @throws StorageError  kRefused: held (naming the pid that holds it), or the lock file cannot be written
  explicit StoreLock(const std::filesystem::path& path);

  /// The note of the last server, or the one that this server has written since.
  [[nodiscard]] std::optional<StoreNote> note() const;
  /// Writes the note without a sync. It survives any end of this process, but perhaps not a power loss. If the write
  /// fails, the earlier note stays.
  void set_note(const StoreNote& note) const noexcept;
  /// The same, with a sync: the note also survives a power loss.
  /// @throws StorageError  kRefused
  void keep_note(const StoreNote& note) const;

 private:
  [[nodiscard]] bool write_note(const StoreNote& note) const noexcept;

  std::filesystem::path path_;
  Descriptor fd_;
};

}  // namespace dti
