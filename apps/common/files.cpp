#include "common/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <string>
#include <system_error>

namespace dti {
namespace {

namespace fs = std::filesystem;

// A path without a directory part is in the working directory.
fs::path directory_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path{"."}; }

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

// A new file beside the one it may become, so that renaming it is atomic; removed unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& directory)
      : path_(directory / unused_name()),
        descriptor_(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
    if (descriptor_.number() < 0) fail("cannot make a file in " + directory.string());
  }
  ~TemporaryFile() {
    if (!renamed_) unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::string_view text) {
    while (!text.empty()) {
      const auto count = ::write(descriptor_.number(), text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail("cannot write " + path_.string());
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    if (fsync(descriptor_.number()) != 0) fail("cannot write " + path_.string());
  }

  void rename_to(const fs::path& path) {
    if (rename(path_.c_str(), path.c_str()) != 0) fail("cannot write " + path.string());
    renamed_ = true;
  }

 private:
  // Random, not the process's number: containers that share a directory have the same numbers.
  static std::string unused_name() {
    std::random_device random;
    return ".dti-" + std::to_string(random()) + std::to_string(random()) + ".tmp";
  }

  fs::path path_;
  Descriptor descriptor_;
  bool renamed_ = false;
};

}  // namespace

void write_atomically(const fs::path& path, std::string_view text) {
  const auto directory = directory_of(path);
  {
    TemporaryFile file(directory);
    file.write(text);
    file.rename_to(path);
  }
  // The rename itself is on disk only with its directory. The file is whole either way, so a directory that cannot be
  // opened for reading is no error.
  const Descriptor opened(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.number() >= 0) fsync(opened.number());
}

std::optional<std::string> check_writable_directory(const fs::path& directory) {
  try {
    TemporaryFile{directory.empty() ? fs::path{"."} : directory};
    return std::nullopt;
  } catch (const std::system_error& error) {
    return error.code().message();
  }
}

}  // namespace dti
