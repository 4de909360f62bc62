#pragma once

namespace dti {

/// Throws std::runtime_error, with the limit to raise, if this process cannot start the threads or open the files that it
/// needs. Without threads or files, libzmq would write a line of its own to stderr and abort.
void require_threads_and_files();

}  // namespace dti
