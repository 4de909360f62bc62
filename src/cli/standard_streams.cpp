#include "dti/cli/standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

namespace dti {

void prepare_standard_streams() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
    // open() uses the lowest free number. The file is opened for reading, so that a write fails as on a closed stream.
    if (fcntl(number, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != number) return;
  }
}

}  // namespace dti
