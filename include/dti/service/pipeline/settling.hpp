#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "dti/base/time.hpp"
#include "dti/domain/ledger.hpp"

namespace dti {

/// How many top-ups the next change of a semester may have, and the semesters whose next top-up the store rejected: there
/// the leader pauses. Thread: one. Source: docs/adr/0029-wait-list.md
class Settling {
 public:
  static constexpr std::chrono::milliseconds kPause{1'000};

  /// @param count_max  at least 1
  explicit Settling(std::size_t count_max) : count_max_(count_max) {}

  [[nodiscard]] std::size_t count(SemesterId semester) const {
    const auto found = counts_.find(semester);
    return found == counts_.end() ? count_max_ : found->second;
  }
  /// The store rejected a change of this many top-ups: the next one is smaller, or there is a pause.
  /// @return true if it was a single top-up
  bool on_rejected(SemesterId semester, std::size_t size, SteadyTime now) {
    counts_[semester] = std::max<std::size_t>(1, size / 2);
    if (size > 1) return false;
    paused_[semester] = now + kPause;
    return true;
  }
  /// A constraint of the store fired on a top-up.
  /// @return true for the first time since the semester was topped up: the state may be wrong, and is read again
  bool on_contradicted(SemesterId semester) { return contradicted_.insert(semester).second; }
  /// The store has a change of this many top-ups.
  void on_committed(SemesterId semester, std::size_t size) {
    made_ += size;
    unlogged_[semester] += size;
    contradicted_.erase(semester);
    if (const auto found = counts_.find(semester); found != counts_.end()) {
      found->second *= 2;
      if (found->second >= count_max_) counts_.erase(found);
    }
  }
  /// How many top-ups of the semester the store has since the last call.
  std::size_t take_unlogged(SemesterId semester) { return std::exchange(unlogged_[semester], 0); }
  /// All top-ups of this server that the store has.
  [[nodiscard]] std::uint64_t made() const { return made_; }

  [[nodiscard]] bool is_paused(SemesterId semester) const { return paused_.contains(semester); }
  /// Ends the pause of a semester: it has changed.
  void resume(SemesterId semester) { paused_.erase(semester); }
  /// Ends all pauses: this server leads from now on.
  void resume_all() { paused_.clear(); }
  /// Ends the pauses that are over. @return true if there was one
  bool end_pauses(SteadyTime now) {
    return std::erase_if(paused_, [&](const auto& pause) { return pause.second <= now; }) > 0;
  }
  /// The end of the next pause.
  [[nodiscard]] std::optional<SteadyTime> next_end() const {
    const auto next = std::min_element(paused_.begin(), paused_.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    return next == paused_.end() ? std::nullopt : std::optional{next->second};
  }

 private:
  const std::size_t count_max_;
  std::map<SemesterId, std::size_t> counts_;  // of those that the store has rejected; the others have the most
  std::set<SemesterId> contradicted_;
  std::map<SemesterId, std::size_t> unlogged_;
  std::uint64_t made_ = 0;
  std::map<SemesterId, SteadyTime> paused_;  // until then
};

}  // namespace dti
