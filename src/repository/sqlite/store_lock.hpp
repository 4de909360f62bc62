#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>

#include "dti/base/descriptor.hpp"

namespace dti {

/// Where a database file really is: every link followed, also one to a file that is not there yet, so that one file has
/// one lock whatever it is called.
/// @throws StorageError  kRefused, naming the path
[[nodiscard]] std::filesystem::path resolve_path(const std::filesystem::path& path);

/// What the lock file says of the database beside it, also when no server runs.
struct StoreNote {
  ino_t inode = 0;           // of the database, with `born`: an inode's number is used again when its file is removed
  std::int64_t born = 0;     // as FileFacts
  std::int64_t entries = 0;  // of all ledgers: at least so many were stored when the note was made

  friend bool operator==(const StoreNote&, const StoreNote&) = default;
};

/// The note beside the database, read without a right to write.
[[nodiscard]] std::optional<StoreNote> read_note(const std::filesystem::path& path);

enum class LockState { kFree, kHeld, kUnknown };  // kUnknown: the lock file may not be read

/// Does a server have the database? Needs no right to write, and keeps no lock.
[[nodiscard]] LockState probe_lock(const std::filesystem::path& path);

/// Keeps other processes (and other repositories of this one) off a database file for as long as it lives: a flock on
/// `<path>.lock`, which says who holds it. The system drops it with the process, however that ends.
class StoreLock {
 public:
  /// @param path  as resolve_path() gives it
  /// @throws StorageError  kRefused: held (naming the pid that holds it), or the lock file cannot be written
  explicit StoreLock(const std::filesystem::path& path);

  /// What the last server left in the file, or this one since.
  [[nodiscard]] std::optional<StoreNote> note() const;
  /// One write to memory that the system keeps: it is there after any end of this process, and perhaps not after a
  /// power loss. One that fails leaves the note before.
  void set_note(const StoreNote& note) const noexcept;
  /// The same, and it is there after a power loss too.
  /// @throws StorageError  kRefused
  void keep_note(const StoreNote& note) const;

 private:
  [[nodiscard]] bool write_note(const StoreNote& note) const noexcept;

  std::filesystem::path path_;
  Descriptor fd_;
};

}  // namespace dti
