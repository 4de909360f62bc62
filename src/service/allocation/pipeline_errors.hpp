#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "dti/domain/messages.hpp"

namespace dti {

/// What the pipeline tells a request that it does not answer by the rule.

[[nodiscard]] inline RequestError overloaded() {
  constexpr std::chrono::milliseconds kRetryAfter{100};
  return {Status::kOverloaded, "too many requests are waiting; ask again in a moment", kRetryAfter, {}};
}

[[nodiscard]] inline RequestError unavailable(std::string detail) {
  constexpr std::chrono::milliseconds kRetryAfter{500};
  return {Status::kUnavailable, std::move(detail) + "; ask again, a repeat is safe", kRetryAfter, {}};
}

[[nodiscard]] inline Outcome failed(RequestError error) {
  Outcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

}  // namespace dti
