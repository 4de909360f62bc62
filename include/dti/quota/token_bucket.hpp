#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "dti/base/time.hpp"

namespace dti {

/// How fast a bucket fills, and how much it holds.
struct BucketSize {
  std::chrono::nanoseconds per_token{};  // one more token comes after this time
  std::int64_t tokens_max = 1;           // at least 1
};

/// A bucket of tokens that is full at first, loses tokens with take(), and fills with time. It stores only when it is
/// full again, so it is as small as a time, and exact.
class TokenBucket {
 public:
  /// Takes tokens if there are enough.
  /// @param tokens  more than tokens_max counts as tokens_max, so that a full bucket is always sufficient
  /// @return 0 if they were taken; otherwise the time until there are enough of them
  [[nodiscard]] constexpr std::chrono::nanoseconds take(std::int64_t tokens, const BucketSize& size, SteadyTime now) {
    const auto full_at = std::max(full_at_, now) + std::min(tokens, size.tokens_max) * size.per_token;
    const auto missing = full_at - now - size.tokens_max * size.per_token;
    if (missing > std::chrono::nanoseconds{0}) return missing;
    full_at_ = full_at;
    return std::chrono::nanoseconds{0};
  }

  /// The time until it is full, and thus the same as a new bucket.
  [[nodiscard]] constexpr std::chrono::nanoseconds full_in(SteadyTime now) const {
    return std::max(full_at_, now) - now;
  }

 private:
  SteadyTime full_at_{};
};

}  // namespace dti
