#include "dti/cli/guarded_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "dti/base/descriptor.hpp"

namespace dti {
namespace {

constexpr std::size_t kBytesMax = std::size_t{16} * 1024 * 1024;

[[noreturn]] void fail() { throw std::runtime_error{std::generic_category().message(errno)}; }

std::optional<std::string> fault_of(const struct stat& status, FileGuard guard) {
  if (!S_ISREG(status.st_mode)) return "it is not a regular file";
  // Root can read every file, and checks those of a service's user.
  const bool is_own = geteuid() == 0 || status.st_uid == geteuid();
  if (!is_own && status.st_uid != 0) {
    return "it belongs to another user than root and the user of this program: run the program as the owner of the "
           "file";
  }
  if (guard == FileGuard::kTrusted) {
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) == 0) return std::nullopt;
    return "its group or others may write it, so they could let anyone in: chmod go-w";
  }
  // A file that root provides for the group of a service is as safe as one that only its user may read.
  const mode_t forbidden = is_own ? S_IRWXG | S_IRWXO : S_IWGRP | S_IXGRP | S_IRWXO;
  if ((status.st_mode & forbidden) == 0) return std::nullopt;
  return "its group or others may use it, so its key may be known: chmod 600, or make a new key if others could read "
         "it";
}

/// Tells whether others can put another file in the place of this one.
bool is_replaceable(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  struct stat status {};
  return stat(folder.c_str(), &status) == 0 && (status.st_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH;
}

/// The text of an open file. No copy of a secret stays behind.
std::string read_all(const Descriptor& file, std::size_t size) {
  std::string text(size + 1, '\0');  // one more shows the end
  std::size_t used = 0;
  while (true) {
    if (used == text.size()) throw std::runtime_error{"it has grown meanwhile: try again"};
    const auto count = read(file.get(), text.data() + used, text.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail();
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
  }
  text.resize(used);
  return text;
}

}  // namespace

std::string read_guarded_file(const std::string& path, FileGuard guard) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)};
  if (file.get() < 0) fail();
  struct stat status {};
  if (fstat(file.get(), &status) != 0) fail();
  if (const auto fault = fault_of(status, guard)) throw std::runtime_error{*fault};
  if (is_replaceable(path)) throw std::runtime_error{"others may write its folder and replace it: chmod o-w"};
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > kBytesMax) throw std::runtime_error{"it has more than 16 MiB"};
  return read_all(file, size);
}

}  // namespace dti
