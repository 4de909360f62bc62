#include "dti/service/office/ledger_tail.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/service/ledger/ledger_replay.hpp"

namespace dti {
namespace {

using Kind = StorageError::Kind;

std::string entry_text(Seq seq) { return "entry " + std::to_string(seq); }

}  // namespace

LedgerTail::LedgerTail(OpenSnapshot open, SemesterId semester, Seq after, Seq piece)
    : open_(std::move(open)), semester_(semester), piece_(piece), position_(after) {
  DTI_CHECK(after >= 0 && piece >= 1);
}

std::vector<StoredEntry> LedgerTail::read(Seq last) {
  was_whole_piece_ = false;
  notes_.clear();
  if (last <= position_) return {};
  const Seq end = position_ > last - piece_ ? last : position_ + piece_;
  std::vector<StoredEntry> entries;
  const auto snapshot = open_();
  snapshot->read_entries(semester_, std::max<Seq>(position_, 1), end, [&](std::vector<StoredEntry> piece) {
    std::move(piece.begin(), piece.end(), std::back_inserter(entries));
  });
  check(entries);
  if (entries.empty()) return entries;
  known_ = entries.back();
  if (position_ > 0) entries.erase(entries.begin());  // the caller has it
  position_ = known_->row.seq;
  const auto has_note = [](const StoredEntry& entry) { return entry.note_hash.has_value(); };
  if (std::any_of(entries.begin(), entries.end(), has_note)) {
    notes_ = snapshot->read_notes(semester_, entries.front().row.seq, position_);
  }
  was_whole_piece_ = std::cmp_equal(entries.size(), piece_);
  return entries;
}

void LedgerTail::check(const std::vector<StoredEntry>& entries) const {
  Seq expected = std::max<Seq>(position_, 1);
  if (position_ > 0 && (entries.empty() || entries.front().row.seq != position_)) {
    throw StorageError{Kind::kUnreachable, "the store does not have " + entry_text(position_) +
                                               ", which was read before: it is a replica that is behind, or an older "
                                               "copy"};
  }
  if (known_ && entries.front() != *known_) {
    throw StorageError{Kind::kRewritten, entry_text(position_) +
                                             " is not the one that was read before: the history was rewritten, or this "
                                             "is another store"};
  }
  for (const auto& entry : entries) {
    if (entry.row.seq != expected) {
      throw StorageError{Kind::kCorrupt, to_string(missing_entry(expected, entry.row.seq))};
    }
    ++expected;
  }
}

}  // namespace dti
