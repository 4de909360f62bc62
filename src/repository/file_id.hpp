#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <optional>

namespace dti {

/// Which file a path names. For as long as somebody has the file open, no other one gets its id.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;

  friend bool operator==(const FileId&, const FileId&) = default;
};

/// None if there is no such file, or it cannot be looked at.
[[nodiscard]] inline std::optional<FileId> file_id(const std::filesystem::path& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) {
    return std::nullopt;
  }
  return FileId{found.st_dev, found.st_ino};
}

}  // namespace dti
