#pragma once

namespace dti {

/// Does a thread of this process still look a host name up, which may take half a minute and cannot be interrupted?
/// Nobody waits for it: at the end of main() the process is then to be left by std::_Exit, since a return would take
/// away what that thread uses.
[[nodiscard]] bool lookup_hangs();

}  // namespace dti
