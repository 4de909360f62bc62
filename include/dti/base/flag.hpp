#pragma once

#include <sys/eventfd.h>

#include <cerrno>
#include <system_error>

#include "dti/base/descriptor.hpp"

namespace dti {

/// A descriptor that becomes readable when raise() is called, and stays readable. Thread: any.
class Flag {
 public:
  /// @throws std::system_error  if no descriptor is left
  Flag() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (descriptor_.get() < 0) throw std::system_error(errno, std::system_category(), "eventfd");
  }
  void raise() const { eventfd_write(descriptor_.get(), 1); }
  [[nodiscard]] int descriptor() const { return descriptor_.get(); }

 private:
  Descriptor descriptor_;
};

}  // namespace dti
