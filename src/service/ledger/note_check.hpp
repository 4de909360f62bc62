#pragma once

#include <map>
#include <optional>
#include <string>

#include "dti/service/ledger/ledger_replay.hpp"
#include "dti/service/ledger/stored_rows.hpp"

namespace dti {

/// Compares the notes of the commands of a semester, or of the registry, with the hashes in its entries. Memory grows with
/// the commands. Pure.
class NoteCheck {
 public:
  void add(const StoredEntry& entry) { add(entry.row.seq, entry.command_id, entry.note_hash); }
  void add(Seq seq, const std::optional<std::string>& command_id, const std::optional<Seal>& note_hash);

  /// @param notes  all of the semester or the registry @return the first difference; an erased note is none
  [[nodiscard]] std::optional<StoreDifference> compare(const std::map<Seq, CommandNote>& notes);

  /// The commands of the semester, and those without a note: it was erased.
  [[nodiscard]] Seq commands() const { return static_cast<Seq>(hashes_.size()); }
  [[nodiscard]] Seq erased() const { return erased_; }

 private:
  struct Unnoted {
    Seq seq = 0;
    std::string command_id;
  };

  std::map<Seq, Seal> hashes_;
  std::optional<Unnoted> unnoted_;   // the last entry, if its command has had no hash yet
  std::optional<Seq> without_hash_;  // the first command without one: its last entry
  Seq erased_ = 0;
};

}  // namespace dti
