#pragma once

#include <chrono>
#include <cstdint>

namespace dti {

/// How long a client waits before it tries again. The pause doubles with each failure in a row, from 0.1 s up to 1 s.
/// Half of it is random, so that clients do not all return at the same moment.
/// @param failures  so far, at least 1
/// @param random  64 random bits
[[nodiscard]] std::chrono::milliseconds pause_after(int failures, std::uint64_t random);

}  // namespace dti
