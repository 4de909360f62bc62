#pragma once

#include <cstdint>
#include <string>

namespace dti {

/// A UUID of version 4 (RFC 9562) from 122 of these random bits.
[[nodiscard]] std::string make_uuid(std::uint64_t first, std::uint64_t second);

}  // namespace dti
