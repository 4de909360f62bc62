#pragma once

#include <cstdint>
#include <string>

namespace dti {

/// Answers --check-health: asks the daemon that serves HTTP there whether it is alive (/livez), and prints one line.
/// @return the exit code: 0 if it is alive, otherwise 1
[[nodiscard]] int check_health(const std::string& address, std::uint16_t port);

}  // namespace dti
