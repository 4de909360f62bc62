#include "service/ledger/note_check.hpp"

#include <string>

namespace dti {

void NoteCheck::add(const StoredEntry& entry) {
  if (entry.note_hash) hashes_.emplace(entry.row.seq, *entry.note_hash);
}

std::optional<StoreDifference> NoteCheck::compare(const std::map<Seq, CommandNote>& notes) {
  const auto difference = [](Seq seq, const char* what) { return StoreDifference{seq, std::nullopt, what, {}, {}}; };
  erased_ = commands();
  std::optional<StoreDifference> found;
  for (const auto& [seq, note] : notes) {
    const auto hash = hashes_.find(seq);
    if (hash == hashes_.end()) {
      if (!found) found = difference(seq, "a note is there, and the entry has none");
      continue;
    }
    --erased_;
    if (!found && hash->second != hash_of(note)) found = difference(seq, "its note was changed");
  }
  return found;
}

}  // namespace dti
