#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "dti/base/check.hpp"
#include "dti/base/time.hpp"

namespace dti {

/// The time of the ledger: decisions that depend on time use it, and entries have it. It counts with the steady clock, so that
/// setting a clock of the machine frees no hold early, and it never runs backwards in a ledger.
/// Thread: one. Source: docs/adr/0031-holds.md
class LedgerClock {
 public:
  /// A take-over has succeeded. The first one starts the clock; after later ones it continues, because the clock of the machine
  /// may have jumped since. It is never before an entry that the store has.
  /// @param newest  the time of the newest entry
  /// @param database  by the clock of the database; none: it has no clock of its own
  void start(WallTime newest, std::optional<WallTime> database, const Now& now) {
    started_ = Now{now.steady, started_ ? std::max(newest, at(now.steady)) : first(newest, database, now.wall)};
  }
  /// The time at which the clock starts. @param own  by the clock of the machine; the others are those of start()
  [[nodiscard]] static WallTime first(WallTime newest, std::optional<WallTime> database, WallTime own) {
    return std::max(newest, std::min(own, database.value_or(own)));
  }
  /// The time at that moment. start() was called.
  [[nodiscard]] WallTime at(SteadyTime now) const {
    DTI_CHECK(started_.has_value());
    return started_->wall + std::chrono::floor<WallTime::duration>(now - started_->steady);
  }
  /// The moment at which at() reaches that time; it may have passed. start() was called.
  [[nodiscard]] SteadyTime when(WallTime time) const {
    DTI_CHECK(started_.has_value());
    return started_->steady + (time - started_->wall);
  }

 private:
  std::optional<Now> started_;
};

}  // namespace dti
