#pragma once

#include <string_view>

namespace dti {

/// Tells whether a client prefers the media type `wanted` at least as much as `other`; false if it does not name `wanted`.
/// @param accept  the value of the field Accept; names of types and parameters in any case
/// @param wanted, other  such as `text/plain`, in lower case
/// Pure. Source: RFC 9110, 12.4.2 and 12.5.1, without the wildcards
[[nodiscard]] bool prefers(std::string_view accept, std::string_view wanted, std::string_view other);

}  // namespace dti
