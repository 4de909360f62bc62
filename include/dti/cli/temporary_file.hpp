#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string_view>

#include "dti/base/descriptor.hpp"

namespace dti {

/// A new file in the directory of its target, so that renaming it is atomic. The destructor removes it unless it was
/// renamed. Every call throws std::system_error with the file and the reason.
class TemporaryFile {
 public:
  /// @param mode  of the new file, less the umask
  explicit TemporaryFile(const std::filesystem::path& directory, mode_t mode = 0666);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  /// Gives the file the mode and the owner of another one.
  void set_mode(mode_t mode, const struct stat* owner);
  void write(std::string_view text);
  /// Makes the content durable, and gives the file its name. Another file of that name is replaced.
  void rename_to(const std::filesystem::path& path);

 private:
  const std::filesystem::path path_;
  const Descriptor descriptor_;
  bool renamed_ = false;
};

/// The directory of a path; the working directory for a path without a directory part.
[[nodiscard]] std::filesystem::path directory_of(const std::filesystem::path& path);

/// Makes a change of names durable. The files are complete in any case, so it is not an error if the directory cannot
/// be opened for reading.
void sync_directory(const std::filesystem::path& directory);

/// Writes a text to a file that is open. @param path  for the error
void write_all(const Descriptor& file, const std::filesystem::path& path, std::string_view text);

}  // namespace dti
