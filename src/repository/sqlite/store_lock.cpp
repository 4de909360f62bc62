#include "repository/sqlite/store_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include "dti/service/ledger/repository.hpp"
#include "repository/sqlite/sqlite_files.hpp"

namespace dti {
namespace {

constexpr int kLinksMax = 40;  // as the kernel has it
constexpr int kLockTries = 20;
constexpr std::chrono::milliseconds kLockInterval{5};

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw StorageError{StorageError::Kind::kRefused, "cannot use the database " + path.string() + ": " + why};
}

std::string reason(int error) { return std::error_code{error, std::generic_category()}.message(); }

/// The file's two lines have a fixed length, so that each can be written without the other.
constexpr std::size_t kHolderBytes = 64;
constexpr off_t kNoteOffset = kHolderBytes;
constexpr char kNoteFormat[] = "entries %020" PRId64 " of inode %020" PRIu64 " born %020" PRId64 "\n";
constexpr char kNoteScan[] = "entries %" SCNd64 " of inode %" SCNu64 " born %" SCNd64;

std::string holder_line() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> since{};
  std::strftime(since.data(), since.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  std::string line = "pid " + std::to_string(::getpid()) + " since " + since.data();
  line.resize(kHolderBytes - 1, ' ');
  return line + '\n';
}

/// The first line of the lock file, which names the process that holds it; empty if there is none.
std::string read_holder(int fd) {
  std::array<char, kHolderBytes> bytes{};
  const ssize_t length = ::pread(fd, bytes.data(), bytes.size(), 0);
  const std::string_view text{bytes.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
  const std::string_view line = text.substr(0, text.find('\n'));
  return std::string{line.substr(0, line.find_last_not_of(' ') + 1)};
}

std::optional<StoreNote> read_note(int fd) {
  std::array<char, 128> bytes{};  // ends with a zero
  if (::pread(fd, bytes.data(), bytes.size() - 1, kNoteOffset) <= 0) {
    return std::nullopt;
  }
  std::int64_t entries = 0;
  std::uint64_t inode = 0;
  std::int64_t born = 0;
  if (std::sscanf(bytes.data(), kNoteScan, &entries, &inode, &born) != 3) {
    return std::nullopt;
  }
  return StoreNote{static_cast<ino_t>(inode), born, entries};
}

/// Tries several times, because each probe_lock() of another process holds the lock for a moment.
/// @return false, with errno
bool lock(int fd) {
  for (int tries = 0; ::flock(fd, LOCK_EX | LOCK_NB) != 0; ++tries) {
    if (errno != EWOULDBLOCK || tries == kLockTries) {
      return false;
    }
    std::this_thread::sleep_for(kLockInterval);
  }
  return true;
}

std::string lock_name(const std::filesystem::path& path) { return path.string() + ".lock"; }

}  // namespace

std::filesystem::path resolve_path(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::path target = std::filesystem::absolute(path, error);
  for (int links = 0; !error && std::filesystem::is_symlink(std::filesystem::symlink_status(target, error)); ++links) {
    if (links == kLinksMax) {
      refuse(path, reason(ELOOP));
    }
    // A relative link is relative to the folder that holds it; an absolute one replaces the whole.
    target = target.parent_path() / std::filesystem::read_symlink(target, error);
  }
  // A file that is not there yet is no error; its folder is resolved all the same.
  if (error == std::errc::no_such_file_or_directory) {
    error.clear();
  }
  if (!error) {
    target = std::filesystem::weakly_canonical(target, error);
  }
  if (error) {
    refuse(path, error.message());
  }
  return target;
}

std::optional<StoreNote> read_note(const std::filesystem::path& path) {
  const Descriptor fd{::open(lock_name(path).c_str(), O_RDONLY | O_CLOEXEC)};
  return fd.get() < 0 ? std::nullopt : read_note(fd.get());
}

LockState probe_lock(const std::filesystem::path& path) {
  const Descriptor fd{::open(lock_name(path).c_str(), O_RDONLY | O_CLOEXEC)};
  if (fd.get() < 0) {
    return errno == ENOENT ? LockState::kFree : LockState::kUnknown;
  }
  if (::flock(fd.get(), LOCK_SH | LOCK_NB) == 0) {
    return LockState::kFree;
  }
  return errno == EWOULDBLOCK ? LockState::kHeld : LockState::kUnknown;
}

StoreLock::StoreLock(const std::filesystem::path& path) : path_(path) {
  const std::string name = lock_name(path);
  Descriptor fd = make_private_file(name);
  if (fd.get() < 0 && errno == EEXIST) fd = Descriptor{::open(name.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC)};
  if (fd.get() < 0) {
    refuse(path, "its lock file " + name + " cannot be written: " + reason(errno));
  }
  if (!lock(fd.get())) {
    if (errno != EWOULDBLOCK) {
      refuse(path, "its lock file " + name + " cannot be locked: " + reason(errno));
    }
    const std::string holder = read_holder(fd.get());
    refuse(path, "another server has it (" + (holder.empty() ? "which has only just started" : holder) +
                     "); stop that one first, or use another database");
  }
  const std::string line = holder_line();
  if (::pwrite(fd.get(), line.data(), line.size(), 0) != static_cast<ssize_t>(line.size())) {
    refuse(path, "its lock file " + name + " cannot be written: " + reason(errno));
  }
  fd_ = std::move(fd);
}

std::optional<StoreNote> StoreLock::note() const { return read_note(fd_.get()); }

bool StoreLock::write_note(const StoreNote& note) const noexcept {
  std::array<char, 128> line{};
  const int length = std::snprintf(line.data(), line.size(), kNoteFormat, note.entries,
                                   static_cast<std::uint64_t>(note.inode), note.born);
  return ::pwrite(fd_.get(), line.data(), static_cast<std::size_t>(length), kNoteOffset) == length;
}

void StoreLock::set_note(const StoreNote& note) const noexcept { static_cast<void>(write_note(note)); }

void StoreLock::keep_note(const StoreNote& note) const {
  errno = 0;
  if (!write_note(note) || ::fsync(fd_.get()) != 0) {
    refuse(path_, "its lock file " + lock_name(path_) + " cannot be written: " + reason(errno != 0 ? errno : ENOSPC));
  }
}

}  // namespace dti
