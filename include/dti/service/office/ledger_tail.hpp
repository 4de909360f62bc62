#pragma once

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "dti/service/ledger/ledger_snapshot.hpp"

namespace dti {

/// Opens a store for one short reading.
using OpenSnapshot = std::function<std::unique_ptr<LedgerSnapshot>()>;

/// The notes of entries, by seq.
using Notes = std::map<Seq, CommandNote>;

/// Reads the ledger of one semester from an entry on, and what is added to it later, without a gap. It reads in pieces,
/// and no transaction is open between them: a slow reader of the output keeps no space in the store's log. Each reading
/// begins at the last known entry and compares it with the one that is stored now, so that a history that was rewritten
/// is noticed. Thread: one.
class LedgerTail {
 public:
  static constexpr Seq kNoEnd = std::numeric_limits<Seq>::max();

  /// @param after  the last entry that the caller has; 0: none
  /// @param piece  how many entries one reading may have, at least 1
  LedgerTail(OpenSnapshot open, SemesterId semester, Seq after, Seq piece);

  /// Reads the next entries in order, at most one piece of them, up to `last`.
  /// @return none: there is no new entry
  /// @throws StorageError  kUnreachable: the store no longer has the last known entry, because it is a replica that is
  ///   behind or because entries were lost; kRewritten: it has another one; kCorrupt: an entry is missing; and those of
  ///   the snapshot. After each but the last two kinds, a later call continues at the same place
  [[nodiscard]] std::vector<StoredEntry> read(Seq last = kNoEnd);

  /// The notes of the entries that the last reading returned; without those that were erased.
  [[nodiscard]] const Notes& notes() const { return notes_; }
  /// The last entry that was read.
  [[nodiscard]] Seq position() const { return position_; }
  /// Tells whether the last reading was a whole piece, so that there may be more.
  [[nodiscard]] bool may_have_more() const { return was_whole_piece_; }

 private:
  void check(const std::vector<StoredEntry>& entries) const;

  // Fixed after construction.
  const OpenSnapshot open_;
  const SemesterId semester_;
  const Seq piece_;

  Seq position_;
  Notes notes_;
  std::optional<StoredEntry> known_;  // at `position_`; none before the first reading
  bool was_whole_piece_ = false;
};

}  // namespace dti
