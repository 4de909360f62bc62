#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace dti {

/// Asks an HTTP server for a path, as a health check does.
/// @param address  an IPv4 or IPv6 address, with or without brackets. 0.0.0.0 and :: mean this machine, as for connect(2)
/// @param time  for the whole of it: the connection, the request and the status line
/// @return the status of the response, such as 200
/// @throws std::runtime_error  with a clause for people, if there is no such response in time
[[nodiscard]] int http_status_of(const std::string& address, std::uint16_t port, const std::string& path,
                                 std::chrono::milliseconds time);

}  // namespace dti
