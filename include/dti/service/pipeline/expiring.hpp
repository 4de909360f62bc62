#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "dti/base/time.hpp"
#include "dti/domain/hold.hpp"
#include "dti/service/allocation/allocator.hpp"

namespace dti {

/// Holds of one semester that are due.
struct DueHolds {
  SemesterId semester = 0;
  std::vector<ProgramId> programs;  // at least one
};

/// How many holds the next change lets expire, and the holds whose expiry the store rejected: they are put aside for a pause,
/// so that they delay nothing else. Thread: one. Source: docs/adr/0031-holds.md
class Expiring {
 public:
  static constexpr std::chrono::milliseconds kPause{1'000};
  // Their grants are read from the store, which takes PostgreSQL about a millisecond for each.
  static constexpr std::size_t kCountMax = 100;

  /// The holds that are to expire next; none: no hold is due, except those that are put aside.
  /// @param at  microseconds since 1970, UTC
  [[nodiscard]] std::optional<DueHolds> next(const Allocator& allocator, std::int64_t at) const {
    for (const auto& [first, semester] : allocator.expiries()) {
      if (!is_due(first, at)) return std::nullopt;
      DueHolds due{semester, {}};
      for (const auto& [expires_at, program] : allocator.holds(semester).queue()) {
        if (!is_due(expires_at, at) || due.programs.size() >= count_) break;
        if (!is_aside(semester, program)) due.programs.push_back(program);
      }
      if (!due.programs.empty()) return due;
    }
    return std::nullopt;
  }
  /// The end of the hold that is to expire first, except those that are put aside.
  [[nodiscard]] std::optional<std::int64_t> first_end(const Allocator& allocator) const {
    std::optional<std::int64_t> earliest;
    for (const auto& [first, semester] : allocator.expiries()) {
      if (earliest && *earliest <= first) return earliest;
      for (const auto& [expires_at, program] : allocator.holds(semester).queue()) {
        if (is_aside(semester, program)) continue;
        earliest = earliest ? std::min(*earliest, expires_at) : expires_at;
        break;
      }
    }
    return earliest;
  }

  [[nodiscard]] bool is_aside(SemesterId semester, ProgramId program) const {
    return !aside_.empty() && aside_.contains({semester, program});
  }
  /// The store rejected the change: the next one is smaller, or its only hold is put aside.
  /// @return true if it was a single hold
  bool on_rejected(const DueHolds& due, SteadyTime now) {
    count_ = std::max<std::size_t>(1, due.programs.size() / 2);
    if (due.programs.size() > 1) return false;
    aside_[{due.semester, due.programs.front()}] = now + kPause;
    return true;
  }
  /// A constraint of the store fired.
  /// @return true for the first time since holds expired: the state may be wrong, and is read again
  bool on_contradicted() { return !std::exchange(contradicted_, true); }
  /// The store has the change.
  void on_committed(const DueHolds& due) {
    made_ += due.programs.size();
    contradicted_ = false;
    count_ = std::min(kCountMax, count_ * 2);
  }
  /// All holds of which this server has stored that they expired.
  [[nodiscard]] std::uint64_t made() const { return made_; }
  /// The holds that are due and put aside.
  [[nodiscard]] std::size_t aside() const { return aside_.size(); }

  /// This server leads from now on: nothing is put aside.
  void resume_all() { aside_.clear(); }
  /// Ends the pauses that are over. @return true if there was one
  bool end_pauses(SteadyTime now) {
    return std::erase_if(aside_, [&](const auto& pause) { return pause.second <= now; }) > 0;
  }
  /// The end of the next pause.
  [[nodiscard]] std::optional<SteadyTime> next_end() const {
    const auto next = std::min_element(aside_.begin(), aside_.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    return next == aside_.end() ? std::nullopt : std::optional{next->second};
  }

 private:
  std::size_t count_ = kCountMax;
  bool contradicted_ = false;
  std::uint64_t made_ = 0;
  std::map<std::pair<SemesterId, ProgramId>, SteadyTime> aside_;  // until then
};

}  // namespace dti
