#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "dti/domain/messages.hpp"
#include "dti/service/ledger/storage_error.hpp"

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

/// The exit code after a failure of the store that no take-over can mend.
[[nodiscard]] inline int exit_code(StorageError::Kind kind) {
  constexpr int kHistoryRewritten = 3;  // by which the service manager knows not to start the process again
  return kind == StorageError::Kind::kRewritten ? kHistoryRewritten : 1;
}

[[nodiscard]] inline Outcome failed(RequestError error) {
  Outcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

}  // namespace dti
