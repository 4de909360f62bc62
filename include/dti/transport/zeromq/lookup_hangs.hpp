#pragma once

namespace dti {

/// Tells whether a thread of this process still looks up a host name. A lookup may take half a minute and cannot be
/// interrupted. At the end of main(), the process must then exit with std::_Exit, because a return from main() would
/// destroy objects that the thread uses. Thread: any.
[[nodiscard]] bool lookup_hangs();

}  // namespace dti
