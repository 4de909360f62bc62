#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

#include "dti/base/descriptor.hpp"

namespace dti {

/// Which file a name stands for. For as long as a process has the file open, no other one gets its id.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;

  friend bool operator==(const FileId&, const FileId&) = default;
};

/// Facts of the file system about one name. A symbolic link is not followed.
struct FileFacts {
  mode_t type = 0;  // S_IFREG, S_IFLNK, …; 0: there is no such file
  mode_t mode = 0;  // the permissions, as chmod takes them
  FileId id;
  std::uint64_t mount = 0;    // 0: the kernel does not say (before Linux 5.8)
  std::uint64_t links = 0;    // how many names the file has
  std::uint64_t size = 0;     // bytes
  std::int64_t born = 0;      // nanoseconds since 1970; 0: the file system does not say
  std::int64_t modified = 0;  // nanoseconds since 1970
  int error = 0;              // why the system does not say whether there is such a file, as in errno; 0: it does

  [[nodiscard]] bool exists() const { return type != 0; }
};

/// Everything on the disk on which the durability of a SQLite store rests.
struct StoreFiles {
  std::filesystem::path path;  // of the database, as resolve_path() gives it
  FileFacts folder;
  FileFacts database;
  FileFacts log;                  // <path>-wal
  FileFacts index;                // <path>-shm
  FileFacts lock;                 // <path>.lock
  std::uint32_t file_system = 0;  // the folder's, as statfs() numbers them
};

struct FilesVerdict {
  std::string refusal;  // the reason why a server must not use the store, and the remedy; empty: it may
  std::string warning;  // a risk of the place where the store is; empty: none
};

[[nodiscard]] FileFacts look_at_file(const std::filesystem::path& path);
[[nodiscard]] StoreFiles look_at_store(const std::filesystem::path& path);

/// Pure: the same facts give the same verdict. Source: docs/adr/0009-sqlite-store.md
[[nodiscard]] FilesVerdict judge(const StoreFiles& files);

/// Why others than the owner can change the store, and the remedy; empty if they cannot. Pure.
[[nodiscard]] std::string describe_open_permissions(const StoreFiles& files);

/// Makes the folder, and those above it that are missing. Those that it makes have mode 0700 with any umask.
void make_private_folders(const std::filesystem::path& folder, std::error_code& error);

/// Makes an empty file with mode 0600, with any umask.
/// @return the file, open to read and write; none, with errno. EEXIST: the name is taken, and nothing was changed
[[nodiscard]] Descriptor make_private_file(const std::filesystem::path& path);

}  // namespace dti
