#pragma once

namespace dti {

/// Prepares stdin, stdout and stderr. Call it first in main().
/// It ignores SIGPIPE (the reader of the output has gone) and SIGXFSZ (`ulimit -f`), so that a failed write does not
/// kill the process. If a standard stream is closed, it occupies the descriptor with one that cannot be written;
/// otherwise a socket or a store could get that number, and with it the output of the process.
void prepare_standard_streams();

}  // namespace dti
