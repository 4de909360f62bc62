#pragma once

#include <cstdint>
#include <string>

namespace dti {

/// The host of a HOST:PORT as other interfaces take it: `::1` for `[::1]`; any other host is returned unchanged.
[[nodiscard]] std::string without_brackets(const std::string& host);

/// The port of an endpoint such as `tcp://127.0.0.1:6000`.
[[nodiscard]] std::uint16_t port_of(const std::string& endpoint);

}  // namespace dti
