#pragma once

#include <filesystem>

#include "repository/owned_fd.hpp"

namespace dti {

/// Where a database file really is: every link followed, also one to a file that is not there yet, so that one file has
/// one lock whatever it is called.
/// @throws StorageError  kRefused, naming the path
[[nodiscard]] std::filesystem::path resolve_path(const std::filesystem::path& path);

/// Keeps other processes (and other repositories of this one) off a database file for as long as it lives: a flock on
/// `<path>.lock`, which says who holds it. The system drops it with the process, however that ends.
class StoreLock {
 public:
  /// @param path  as resolve_path() gives it
  /// @throws StorageError  kRefused: held (naming the pid that holds it), or the lock file cannot be written
  explicit StoreLock(const std::filesystem::path& path);

 private:
  OwnedFd fd_;
};

}  // namespace dti
