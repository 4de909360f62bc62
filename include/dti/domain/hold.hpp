#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>

#include "dti/base/time.hpp"
#include "dti/domain/catalog.hpp"

namespace dti {

// How long a hold may last from the entry that grants or extends it. A term is about half a year, and a hold is for the days
// until a decision.
inline constexpr std::chrono::seconds kHoldMax = std::chrono::days{30};
inline constexpr std::chrono::seconds kHoldMin{1};

/// A time as the ledger stores it: microseconds since 1970, UTC.
[[nodiscard]] constexpr std::int64_t microseconds_of(WallTime time) { return time.time_since_epoch().count(); }

/// Tells whether a hold that is granted or extended at a time may have that end.
/// @param at, expires_at  microseconds since 1970, UTC
[[nodiscard]] constexpr bool is_hold_end(std::int64_t at, std::int64_t expires_at) {
  return expires_at > at && expires_at - at <= std::chrono::microseconds{kHoldMax}.count();
}

/// Tells whether a hold with that end can no longer be confirmed or extended: it is due to expire.
/// @param at, expires_at  microseconds since 1970, UTC
[[nodiscard]] constexpr bool is_due(std::int64_t expires_at, std::int64_t at) { return at >= expires_at; }

/// The holds of a semester that are neither confirmed nor released, with their ends. Few grants are holds, so they are not
/// kept with the grants. Thread: one.
class OpenHolds {
 public:
  struct Expiry {
    std::int64_t expires_at = 0;  // microseconds since 1970, UTC
    ProgramId program = 0;

    friend auto operator<=>(const Expiry&, const Expiry&) = default;
  };

  /// The program has a hold until that time, or its hold has another end from now on.
  void put(ProgramId program, std::int64_t expires_at) {
    remove(program);
    ends_.emplace(program, expires_at);
    queue_.insert({expires_at, program});
  }
  /// The program has no hold any more; it need not have one.
  void remove(ProgramId program) {
    const auto found = ends_.find(program);
    if (found == ends_.end()) return;
    queue_.erase({found->second, program});
    ends_.erase(found);
  }

  /// The end of the program's hold; 0: it has none.
  [[nodiscard]] std::int64_t end_of(ProgramId program) const {
    const auto found = ends_.find(program);
    return found == ends_.end() ? 0 : found->second;
  }
  /// In the order in which they expire.
  [[nodiscard]] const std::set<Expiry>& queue() const { return queue_; }
  [[nodiscard]] bool empty() const { return ends_.empty(); }
  [[nodiscard]] std::size_t size() const { return ends_.size(); }

 private:
  std::unordered_map<ProgramId, std::int64_t> ends_;
  std::set<Expiry> queue_;
};

}  // namespace dti
