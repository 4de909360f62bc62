#include "repository/store_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <string>
#include <string_view>
#include <system_error>

#include "dti/service/repository.hpp"

namespace dti {
namespace {

constexpr int kLinksMax = 40;  // as the kernel has it

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw StorageError{StorageError::Kind::kRefused, "cannot use the database " + path.string() + ": " + why};
}

std::string reason(int error) { return std::error_code{error, std::generic_category()}.message(); }

std::string lock_text() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> since{};
  std::strftime(since.data(), since.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return "pid " + std::to_string(::getpid()) + " since " + since.data() + "\n";
}

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

StoreLock::StoreLock(const std::filesystem::path& path) {
  const std::string name = path.string() + ".lock";
  OwnedFd fd{::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)};
  if (fd.get() < 0) {
    refuse(path, "its lock file " + name + " cannot be written: " + reason(errno));
  }
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      refuse(path, "its lock file " + name + " cannot be locked: " + reason(errno));
    }
    std::array<char, 128> holder{};
    const ssize_t length = ::read(fd.get(), holder.data(), holder.size() - 1);
    std::string_view text{holder.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
    text = text.substr(0, text.find('\n'));
    refuse(path, "another server has it (" + std::string{text.empty() ? "which has only just started" : text} +
                     "); stop that one first, or use another database");
  }
  const std::string text = lock_text();
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    refuse(path, "its lock file " + name + " cannot be written: " + reason(errno));
  }
  fd_ = std::move(fd);
}

}  // namespace dti
