#include "transport/resources/resources.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <cerrno>

namespace dti {

void give_back_freed_memory() { malloc_trim(0); }

bool descriptors_are_exhausted() {
  const int descriptor = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  if (descriptor < 0) return errno == EMFILE;
  close(descriptor);
  return false;
}

}  // namespace dti
