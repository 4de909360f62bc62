#pragma once

namespace dti {

/// To be called first in main(). A write that fails does not kill the process: SIGPIPE (the reader of our output has
/// left) and SIGXFSZ (a file may not grow, `ulimit -f`) are ignored. A standard stream that was closed stays closed for
/// writing: its descriptor is taken, or else a socket or a store would get the number, and our output with it.
void prepare_standard_streams();

}  // namespace dti
