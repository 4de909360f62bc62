#pragma once

namespace dti {

/// To be called first thing in main(). A write that fails does not kill: neither when the reader of our output has left
/// (SIGPIPE is ignored), nor when a file may not grow (SIGXFSZ, `ulimit -f`). And a standard stream that was closed stays one that cannot be written: its descriptor is
/// taken, or a socket or a store would get the number, and our output with it.
void prepare_standard_streams();

}  // namespace dti
