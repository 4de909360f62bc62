#include "service/ledger/note_check.hpp"

namespace dti {

void NoteCheck::add(Seq seq, const std::optional<std::string>& command_id, const std::optional<Seal>& note_hash) {
  if (unnoted_ && command_id != unnoted_->command_id && !without_hash_) without_hash_ = unnoted_->seq;
  unnoted_.reset();
  if (note_hash) {
    hashes_.emplace(seq, *note_hash);
  } else if (command_id) {
    unnoted_ = {seq, *command_id};
  }
}

std::optional<StoreDifference> NoteCheck::compare(const std::map<Seq, CommandNote>& notes) {
  const auto difference = [](Seq seq, const char* what) { return StoreDifference{seq, std::nullopt, what, {}, {}}; };
  erased_ = commands();
  std::optional<StoreDifference> found;
  if (unnoted_ && !without_hash_) without_hash_ = unnoted_->seq;
  if (without_hash_) found = difference(*without_hash_, "the last entry of its command has no hash of a note");
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
