#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dti {

/// A host without the brackets of an IPv6 address: `::1` for `[::1]`. Any other host is returned unchanged.
[[nodiscard]] std::string without_brackets(const std::string& host);

/// Tells whether only this machine can reach a host to listen on.
[[nodiscard]] bool is_loopback(std::string_view host);

/// The port of an endpoint such as `tcp://127.0.0.1:6000`.
[[nodiscard]] std::uint16_t port_of(const std::string& endpoint);

}  // namespace dti
