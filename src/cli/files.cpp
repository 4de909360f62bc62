#include "dti/cli/files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include "dti/base/descriptor.hpp"
#include "dti/cli/temporary_file.hpp"

namespace dti {
namespace {

namespace fs = std::filesystem;

constexpr auto kLockTime = std::chrono::seconds{5};

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

/// Writes a text durably.
void write_durably(const Descriptor& file, const fs::path& path, std::string_view text) {
  write_all(file, path, text);
  if (fsync(file.get()) != 0) fail("cannot write " + path.string());
}

/// The text of a regular file; none if the path is not one, if it cannot be read, or if it is far larger than the files
/// that dti writes.
std::optional<std::string> read_regular(const fs::path& path) {
  constexpr std::size_t kBytesMax = 64 * 1024;
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  std::string text(kBytesMax + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto count = read(file.get(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > kBytesMax) return std::nullopt;
  text.resize(size);
  return text;
}

/// Gives a file a second name that no other file has. On a file system without hard links, the second name replaces the
/// first one.
/// @return false if another file has the name
bool add_name(const fs::path& path, const fs::path& name) {
  if (link(path.c_str(), name.c_str()) == 0) return true;
  if (errno == EEXIST) return false;
  const Descriptor claim(open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (claim.get() < 0 && errno == EEXIST) return false;
  if (claim.get() < 0 || rename(path.c_str(), name.c_str()) != 0) fail("cannot keep the earlier " + path.string());
  return true;
}

/// Keeps a file under another name, unless an earlier file that was kept has an equal text.
fs::path keep(const fs::path& path, const std::optional<std::string>& text,
              const std::function<bool(std::string_view, std::string_view)>& is_same,
              const std::function<fs::path(std::size_t number)>& earlier_path) {
  for (std::size_t number = 1;; ++number) {
    auto name = earlier_path(number);
    if (add_name(path, name)) return name;
    const auto kept = read_regular(name);
    if (text && kept && is_same(*kept, *text)) return name;
  }
}

/// Locks a directory. Everyone who may read it can keep the lock, so the wait has a bound.
void lock(const Descriptor& opened, const fs::path& directory) {
  const auto give_up_at = std::chrono::steady_clock::now() + kLockTime;
  while (flock(opened.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) fail("cannot change files in " + directory.string());
    if (std::chrono::steady_clock::now() >= give_up_at) {
      throw std::runtime_error{"cannot change files in " + directory.string() +
                               ": another program keeps the folder locked (lslocks names it); nothing was changed"};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

}  // namespace

void write_atomically(const fs::path& path, std::string_view text) {
  const auto directory = directory_of(path);
  {
    TemporaryFile file(directory);
    file.write(text);
    file.rename_to(path);
  }
  sync_directory(directory);
}

std::optional<fs::path> regular_file_at(const fs::path& path) {
  std::error_code ignored;
  const auto there = fs::status(path, ignored);
  if (fs::is_directory(there)) throw std::runtime_error{path.string() + " is a folder"};
  if (fs::exists(there) && !fs::is_regular_file(there)) return std::nullopt;
  const auto linked = fs::canonical(path, ignored);
  return ignored ? path : linked;
}

Descriptor open_for_writing(const fs::path& path) {
  Descriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.get() < 0) fail("cannot write " + path.string());
  return file;
}

void write_new_secret(const fs::path& path, std::string_view text) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.get() < 0) fail("cannot make " + path.string());
  try {
    write_durably(file, path, text);
  } catch (...) {
    unlink(path.c_str());
    throw;
  }
  sync_directory(directory_of(path));
}

void append_line(const fs::path& path, std::string_view line) {
  const Descriptor file(open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) fail("cannot write " + path.string());
  char last = '\n';
  if (status.st_size > 0 && pread(file.get(), &last, 1, status.st_size - 1) != 1) fail("cannot read " + path.string());
  try {
    write_durably(file, path, (last == '\n' ? "" : "\n") + std::string{line} + '\n');
  } catch (const std::system_error&) {
    // Not possible where lines can only be added.
    [[maybe_unused]] const int ignored = ftruncate(file.get(), status.st_size);
    throw;
  }
  sync_directory(directory_of(path));
}

std::string read_end(const fs::path& path, std::size_t bytes_max) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (file.get() < 0 && errno == ENOENT) return {};
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) fail("cannot read " + path.string());
  const auto size = static_cast<std::size_t>(status.st_size);
  std::string text(std::min(size, bytes_max), '\0');
  const auto count = pread(file.get(), text.data(), text.size(), static_cast<off_t>(size - text.size()));
  if (count < 0) fail("cannot read " + path.string());
  text.resize(static_cast<std::size_t>(count));
  return text;
}

void change_file(const fs::path& path, const std::function<std::string(bool exists)>& change) {
  std::error_code ignored;
  const auto linked = fs::canonical(path, ignored);
  const auto target = ignored ? path : linked;
  const auto directory = directory_of(target);
  const Descriptor opened(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0) fail("cannot change files in " + directory.string());
  lock(opened, directory);
  struct stat status {};
  const bool exists = lstat(target.c_str(), &status) == 0;
  const auto text = change(exists);
  TemporaryFile file(directory);
  file.set_mode(exists ? status.st_mode & 0755U : 0644U, exists ? &status : nullptr);
  file.write(text);
  file.rename_to(target);
  fsync(opened.get());
}

std::optional<fs::path> replace_and_keep(const fs::path& path, std::string_view text,
                                         const std::function<bool(std::string_view, std::string_view)>& is_same,
                                         const std::function<fs::path(std::size_t number)>& earlier_path) {
  // The lock lasts until the new file exists, so that two programs at the same time do not lose each other's file. Some
  // network file systems cannot lock directories; the other promises hold there too.
  const Descriptor directory(open(directory_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() >= 0) flock(directory.get(), LOCK_EX);
  std::optional<fs::path> kept;
  if (std::error_code ignored; fs::exists(fs::symlink_status(path, ignored))) {
    const auto there = read_regular(path);
    if (!there || !is_same(*there, text)) kept = keep(path, there, is_same, earlier_path);
  }
  write_atomically(path, text);
  return kept;
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
