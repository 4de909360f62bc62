#include "dti/cli/temporary_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <random>
#include <string>
#include <system_error>

namespace dti {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

// Random, because processes in containers that share a directory may have the same process number.
std::string unused_name() {
  std::random_device random;
  return ".dti-" + std::to_string(random()) + std::to_string(random()) + ".tmp";
}

}  // namespace

fs::path directory_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path{"."}; }

void sync_directory(const fs::path& directory) {
  const Descriptor opened(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() >= 0) fsync(opened.get());
}

void write_all(const Descriptor& file, const fs::path& path, std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(file.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("cannot write " + path.string());
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

TemporaryFile::TemporaryFile(const fs::path& directory, mode_t mode)
    : path_(directory / unused_name()),
      descriptor_(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)) {
  if (descriptor_.get() < 0) fail("cannot make a file in " + directory.string());
}

TemporaryFile::~TemporaryFile() {
  if (!renamed_) unlink(path_.c_str());
}

void TemporaryFile::set_mode(mode_t mode, const struct stat* owner) {
  // Only root may give a file away. Without that right, the file belongs to the user who changes it.
  if (owner != nullptr && fchown(descriptor_.get(), owner->st_uid, owner->st_gid) != 0 && errno != EPERM) {
    fail("cannot write " + path_.string());
  }
  if (fchmod(descriptor_.get(), mode) != 0) fail("cannot write " + path_.string());
}

void TemporaryFile::write(std::string_view text) { write_all(descriptor_, path_, text); }

void TemporaryFile::rename_to(const fs::path& path) {
  if (fsync(descriptor_.get()) != 0) fail("cannot write " + path_.string());
  if (rename(path_.c_str(), path.c_str()) != 0) fail("cannot write " + path.string());
  renamed_ = true;
}

}  // namespace dti
