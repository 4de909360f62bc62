#pragma once

#include <chrono>
#include <cstdint>

namespace dti {

/// The pause of a client before its next try. It doubles with each consecutive failure, from 0.1 s to 1 s. Half of it
/// is random, so that the clients do not all try at the same moment.
/// @param failures  the number of consecutive failures, at least 1
/// @param random  64 random bits
[[nodiscard]] std::chrono::milliseconds pause_after(int failures, std::uint64_t random);

}  // namespace dti
