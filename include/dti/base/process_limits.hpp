#pragma once

#include <cstddef>

namespace dti {

/// What a part of a process needs.
struct ProcessNeeds {
  std::size_t threads = 0;
  std::size_t files = 0;
};

/// Checks that this process can start the threads and open the files that it needs. Without them, libzmq would write
/// its own line to stderr and abort.
/// @param more  needed besides what every program needs
/// @throws std::runtime_error  with a sentence that names the limit to raise
void require_threads_and_files(ProcessNeeds more = {});

}  // namespace dti
