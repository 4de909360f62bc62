#pragma once

#include <string>

namespace dti {

/// Who else may have access to a file on which the security of a program rests.
enum class FileGuard {
  kSecret,   // no one else may read it: a secret key
  kTrusted,  // no one else may write it: a list of keys
};

/// Reads a regular file of at most 16 MiB that belongs to this user or to root (if this user is root: to any user),
/// that the mode protects, and in whose folder no other user can put another file in its place:
///   kSecret   only its user may read it; if it belongs to root and this process runs as another user, its group too
///   kTrusted  only its user may write it
/// The checks of the file are on the file that is read, not on its path.
/// @throws std::runtime_error  with the reason as a clause, without the path
[[nodiscard]] std::string read_guarded_file(const std::string& path, FileGuard guard);

}  // namespace dti
