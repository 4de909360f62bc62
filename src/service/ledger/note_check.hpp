#pragma once

#include <map>
#include <optional>

#include "dti/service/ledger/ledger_replay.hpp"
#include "dti/service/ledger/stored_rows.hpp"

namespace dti {

/// Compares the notes of a semester's commands with the hashes in its ledger. Memory grows with the commands. Pure.
class NoteCheck {
 public:
  void add(const StoredEntry& entry);

  /// @param notes  all of the semester @return the first difference; an erased note is none
  [[nodiscard]] std::optional<StoreDifference> compare(const std::map<Seq, CommandNote>& notes);

  /// The commands of the semester, and those without a note: it was erased.
  [[nodiscard]] Seq commands() const { return static_cast<Seq>(hashes_.size()); }
  [[nodiscard]] Seq erased() const { return erased_; }

 private:
  std::map<Seq, Seal> hashes_;
  std::optional<StoredEntry> unnoted_;  // the last entry, if its command has had no hash yet
  std::optional<Seq> without_hash_;     // the first command without one: its last entry
  Seq erased_ = 0;
};

}  // namespace dti
