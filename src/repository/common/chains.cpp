#include "dti/repository/common/chains.hpp"

#include <algorithm>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/repository/common/ledger_rows.hpp"

namespace dti {
namespace {

[[noreturn]] void throw_corrupt(const UnsealedPart& part, const std::string& what) {
  throw StorageError{StorageError::Kind::kCorrupt, "semester \"" + part.name + "\": " + what};
}

}  // namespace

void Chains::compare(const ChainHeads& stored, const History& history, const SealReader& read) {
  if (history != history_) known_ = {};
  refuse_rewritten(known_, stored, read);
}

void Chains::compare(const ChainHeads& stored, const History& history, const SealReader& read,
                     const std::vector<StoredSemester>& semesters) {
  compare(stored, history, read);
  for (const auto& semester : semesters) {
    const auto end = stored.ends.find(semester.id);
    if (end == stored.ends.end() || end->second.seq <= semester.head) continue;
    throw StorageError{StorageError::Kind::kCorrupt, "semester \"" + semester.name + "\": its last sealed entry is " +
                                                         std::to_string(end->second.seq) + ", and its head is " +
                                                         std::to_string(semester.head)};
  }
}

void Chains::note(ChainHeads stored, const History& history) {
  known_ = std::move(stored);
  history_ = history;
  open_.clear();
  pending_.reset();
}

void Chains::lead(ChainHeads stored, const History& history, const std::vector<StoredSemester>& semesters) {
  note(std::move(stored), history);
  for (const auto& semester : semesters) {
    const auto& end = known_.ends[semester.id];
    open_.emplace(semester.id, Open{Sealing{known_.store, semester.id, end.seal}, end.seq,
                                    semester.is_open ? semester.head : end.seq, semester.name});
  }
}

std::optional<UnsealedPart> Chains::next_unsealed() const {
  for (const auto& [id, open] : open_) {
    if (open.read >= open.head) continue;
    return UnsealedPart{id, open.name, open.read + 1, std::min(open.head, open.read + kLedgerPieceEntries)};
  }
  return std::nullopt;
}

void Chains::add_unsealed(const UnsealedPart& part, const std::vector<StoredEntry>& entries) {
  auto& open = open_.at(part.semester);
  for (const auto& entry : entries) {
    if (entry.row.seq != open.read + 1) {
      throw_corrupt(part, "entry " + std::to_string(open.read + 1) + " is missing");
    }
    if (!open.next.add(entry.row, entry.at, entry.request_id)) {
      throw_corrupt(part, "entry " + std::to_string(entry.row.seq) + " has a number that no column may have");
    }
    open.read = entry.row.seq;
  }
  if (entries.empty()) throw_corrupt(part, "entry " + std::to_string(part.first) + " is missing");
}

std::optional<Seal> Chains::seal(const Batch& batch) {
  pending_.reset();
  const auto found = open_.find(batch.semester_id);
  if (found == open_.end() || found->second.read != batch.base) return std::nullopt;
  Sealing sealing = found->second.next;
  const auto at = stored_time(batch.at);
  for_each_entry(batch, [&](const LedgerEntry& entry, const std::optional<std::string>& request_id) {
    sealing.add(entry, at, request_id);
  });
  pending_ = {batch.semester_id, {batch.entries.back().seq, sealing.finish()}};
  return pending_->second.seal;
}

void Chains::on_committed() {
  DTI_CHECK(pending_.has_value());
  const auto& [semester, end] = *pending_;
  on_opened(semester, end);
  pending_.reset();
}

void Chains::on_opened(SemesterId semester, const SealedHead& end) {
  known_.ends[semester] = end;
  open_.insert_or_assign(semester, Open{Sealing{known_.store, semester, end.seal}, end.seq, end.seq});
}

Seal seal_of_opening(const StoreId& store, SemesterId semester, const Capacity& capacity, WallTime at) {
  LedgerEntry opened;
  opened.seq = 1;
  opened.kind = EntryKind::kSemesterOpened;
  opened.capacity = capacity;
  Sealing sealing{store, semester, {}};
  sealing.add(opened, stored_time(at), std::nullopt);
  return sealing.finish();
}

}  // namespace dti
