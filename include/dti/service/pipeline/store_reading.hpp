#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dti/base/log.hpp"
#include "dti/service/allocation/allocator.hpp"
#include "dti/service/pipeline/take_over.hpp"

namespace dti {

/// Brings an allocator's state up to the store's, piece by piece, during a take-over or a watch. If the two contradict
/// each other, everything is read again once; if the store then still contradicts itself, it cannot be used. If the store
/// has another history than the state, everything is read again too: the entries of the two may differ with equal heads.
/// Thread: one. Source: docs/adr/0004-take-over.md
class StoreReading {
 public:
  /// A reading begins. Forgets the state if everything is to be read.
  /// @return the entries that the state has, so that only the rest is read
  [[nodiscard]] KnownState begin(Allocator& allocator);
  /// Replays a piece.
  /// @return the event to log if the store has lost entries
  [[nodiscard]] std::optional<LogEvent> apply(const TakeOverPiece& piece, Allocator& allocator);

  /// How many entries the state lacks of those that the last watch has seen; 0 when it was read to its end.
  [[nodiscard]] std::uint64_t entries_behind(const Allocator& allocator) const;
  /// The contradiction between the data that was read and the state; none if there is none.
  [[nodiscard]] const std::optional<std::string>& fault() const { return fault_; }
  /// Tells whether this reading began with an empty state. Then a fault is in the store itself.
  [[nodiscard]] bool reads_all() const { return reads_all_; }
  /// The next reading begins with an empty state.
  void read_all_next() { read_all_next_ = true; }
  /// Tells whether the fault is only that the store has another history than the state.
  [[nodiscard]] bool has_other_history() const { return has_other_history_; }
  /// The state equals the store's: the next reading continues it.
  /// @return an event to log for each semester of which the store has fewer entries than before its history changed
  [[nodiscard]] std::vector<LogEvent> succeed(const Allocator& allocator);

 private:
  bool read_all_next_ = false;
  bool reads_all_ = false;
  bool has_other_history_ = false;
  History history_;                         // of the state
  std::map<SemesterId, Seq> heads_before_;  // when the history changed
  std::vector<SemesterHead> heads_seen_;
  std::optional<std::string> fault_;
};

}  // namespace dti
