#pragma once

#include <string>

#include "dti/base/descriptor.hpp"

namespace dti {

/// A folder that no other user may enter, held by one process at a time. The system lets go of it when the process ends.
class PrivateFolder {
 public:
  /// Makes the folder with mode 0700 if nothing has that path, and holds it.
  /// @throws std::runtime_error  with a sentence for people: it cannot be made, is no folder, belongs to another user, is
  ///   open to others, or another process holds it
  explicit PrivateFolder(const std::string& path);

 private:
  Descriptor held_;
};

}  // namespace dti
