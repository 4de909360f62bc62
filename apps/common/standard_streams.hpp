#pragma once

namespace dti {

/// To be called first thing in main(). Whoever reads our output may leave before us: a write then fails, and does not
/// kill (SIGPIPE is ignored). And a standard stream that was closed stays one that cannot be written: its descriptor is
/// taken, or a socket or a store would get the number, and our output with it.
void prepare_standard_streams();

}  // namespace dti
