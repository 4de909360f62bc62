#include "dti/cli/guarded_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
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
  const bool is_own = status.st_uid == geteuid();
  if (!is_own && status.st_uid != 0) return "it belongs to another user than root and the user of this program";
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

}  // namespace

std::string read_guarded_file(const std::string& path, FileGuard guard) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)};
  if (file.get() < 0) fail();
  struct stat status {};
  if (fstat(file.get(), &status) != 0) fail();
  if (const auto fault = fault_of(status, guard)) throw std::runtime_error{*fault};
  std::string text;
  if (status.st_size > 0) text.reserve(static_cast<std::size_t>(status.st_size));  // no copy of a secret stays behind
  std::array<char, 4096> piece{};
  while (true) {
    const auto size = read(file.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) fail();
    if (size == 0) break;
    text.append(piece.data(), static_cast<std::size_t>(size));
    if (text.size() > kBytesMax) throw std::runtime_error{"it has more than 16 MiB"};
  }
  explicit_bzero(piece.data(), piece.size());
  return text;
}

}  // namespace dti
