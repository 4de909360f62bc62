#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "dti/base/log_limit.hpp"
#include "dti/base/time.hpp"

namespace dti {

/// The search for the request that the store refuses. After the store has refused a batch, the requests up to its last
/// one are committed in smaller batches, until one request is refused alone. If that happens several times in a row,
/// the store refuses everything.
/// Thread: one. Source: docs/adr/0003-reply-after-commit.md
class Isolation {
 public:
  /// The store refused a batch.
  /// @param size  how many requests it had
  /// @param last  the arrival number of its last request
  void on_refused(std::size_t size, std::uint64_t last, SteadyTime now);
  /// The store committed a batch.
  /// @return true if it refused everything before
  bool on_committed();
  /// The state starts again from the store: nothing is known of refusals.
  void reset();

  /// Tells whether this request must be committed in a batch of at most size() requests.
  [[nodiscard]] bool isolates(std::uint64_t arrival) const { return arrival <= until_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Tells whether the store has refused kRefusedInARowMax single requests in a row, so that it probably refuses all.
  [[nodiscard]] bool refuses_all() const { return refused_in_a_row_ >= kRefusedInARowMax; }
  /// Tells whether the store has refused everything so recently that this server is not ready.
  [[nodiscard]] bool refuses_all_at(SteadyTime now) const { return refuses_all() && now < refuses_all_until_; }

  // Limits for the log. Each tells whether, or how many, to log now.
  [[nodiscard]] bool log_batch(SteadyTime now) { return batches_.pass(now).has_value(); }
  [[nodiscard]] std::optional<std::size_t> log_requests(SteadyTime now, std::size_t count) {
    return requests_.pass(now, count);
  }
  /// The store accepts again. @return how many refused requests were not logged
  std::size_t end_log();

 private:
  static constexpr int kRefusedInARowMax = 3;

  std::uint64_t until_ = 0;         // arrivals up to this one are isolated
  std::size_t size_ = 0;            // this many at a time
  int refused_in_a_row_ = 0;        // single requests, without a commit between them
  SteadyTime refuses_all_until_{};  // until then this server is not ready
  LogLimit batches_{std::chrono::seconds{1}};
  LogLimit requests_{std::chrono::seconds{1}};
};

}  // namespace dti
