#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "dti/domain/messages.hpp"

namespace dti {

/// The errors with which the pipeline answers a request outside of the rule.

[[nodiscard]] inline RequestError overloaded() {
  constexpr std::chrono::milliseconds kRetryAfter{100};
  return {Status::kOverloaded, "too many requests are waiting; ask again in a moment", kRetryAfter, {}};
}

[[nodiscard]] inline RequestError unavailable(std::string detail) {
  constexpr std::chrono::milliseconds kRetryAfter{500};
  return {Status::kUnavailable, std::move(detail) + "; ask again, a repeat is safe", kRetryAfter, {}};
}

/// @param leader  where clients reach the leader; empty: not known
[[nodiscard]] inline RequestError not_leader(const std::string& leader) {
  constexpr std::chrono::milliseconds kRetryAfterUnknownLeader{250};  // perhaps no server leads at the moment
  if (leader.empty()) {
    return {Status::kNotLeader, "another server leads; ask another one", kRetryAfterUnknownLeader, {}};
  }
  return {Status::kNotLeader, "another server leads; ask that one", {}, leader};
}

[[nodiscard]] inline Outcome failed(RequestError error) {
  Outcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

}  // namespace dti
