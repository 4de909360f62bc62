#pragma once

namespace dti {

/// Checks that this process can start the threads and open the files that it needs. Without them, libzmq would write
/// its own line to stderr and abort.
/// @throws std::runtime_error  with a sentence that names the limit to raise
void require_threads_and_files();

}  // namespace dti
