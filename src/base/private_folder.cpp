#include "dti/base/private_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace dti {
namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw std::runtime_error{"cannot use the folder " + path + ": " + why};
}

std::string system_text() { return std::generic_category().message(errno); }

}  // namespace

PrivateFolder::PrivateFolder(const std::string& path) {
  if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) refuse(path, "it cannot be made: " + system_text());
  held_ = Descriptor{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (held_.get() < 0) refuse(path, system_text());
  struct stat status {};
  if (::fstat(held_.get(), &status) != 0) refuse(path, system_text());
  if (status.st_uid != ::geteuid()) refuse(path, "it belongs to another user");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) refuse(path, "its group or others may enter it: chmod 700");
  if (::flock(held_.get(), LOCK_EX | LOCK_NB) == 0) return;
  refuse(path,
         errno == EWOULDBLOCK ? "another process uses it: stop that server, or choose another folder" : system_text());
}

}  // namespace dti
