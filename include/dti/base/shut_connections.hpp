#pragma once

#include <span>
#include <string>

namespace dti {

/// Ends the TCP connections of this process that were accepted at one of the addresses. libzmq, which cannot close one
/// connection of a ROUTER, then sees that each has ended. Those of other addresses stay.
/// @param addresses  as libzmq writes them, such as `tcp://127.0.0.1:6000` or `tcp://[::]:6000`
/// @throws std::system_error  if the descriptors of this process cannot be listed
void shut_connections(std::span<const std::string> addresses);

}  // namespace dti
