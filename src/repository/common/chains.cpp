#include "dti/repository/common/chains.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/repository/common/ledger_rows.hpp"

namespace dti {
namespace {

[[noreturn]] void throw_corrupt(const std::string& semester, const std::string& what) {
  throw StorageError{StorageError::Kind::kCorrupt, "semester \"" + semester + "\": " + what};
}

SealedHead end_of(const ChainHeads& heads, SemesterId chain) {
  const auto found = heads.ends.find(chain);
  return found == heads.ends.end() ? SealedHead{} : found->second;
}

/// @param sealed  the last entry of the semester that has a seal
void check_end(const StoredSemester& semester, Seq sealed, bool has_seals) {
  if (sealed == (has_seals ? semester.head : 0)) return;
  if (has_seals && sealed < semester.head) {
    throw_corrupt(semester.name, unsealed_text(sealed + 1, semester.head));
  }
  throw_corrupt(semester.name, "its last sealed entry is " + std::to_string(sealed) +
                                   (has_seals ? ", and its head is " + std::to_string(semester.head)
                                              : ", and the store id is missing"));
}

}  // namespace

void Chains::compare(const ChainHeads& stored, const History& history, const SealReader& read) {
  if (known_.store == StoreId{}) return;
  refuse_other_store(known_.store, stored.store);
  const auto rewritten = rewritten_entry(known_, stored, read);
  if (history == history_) {
    if (rewritten) refuse_rewritten(*rewritten);
    return;
  }
  known_ = {};
  if (rewritten && log_) {
    log_({LogLevel::kError, "state-differs-from-store", *rewritten + "; everything is read again", {}});
  }
}

void Chains::compare(const ChainHeads& stored, const History& history, const SealReader& read,
                     const std::vector<StoredSemester>& semesters) {
  compare(stored, history, read);
  const bool has_seals = stored.store != StoreId{};
  for (const auto& semester : semesters) check_end(semester, end_of(stored, semester.id).seq, has_seals);
  if (has_seals || end_of(stored, kRegistryId).seq == 0) return;
  throw StorageError{StorageError::Kind::kCorrupt, "the store has a registry, and its store id is missing"};
}

void Chains::note(ChainHeads stored, const History& history) {
  known_ = std::move(stored);
  history_ = history;
  beginning_.reset();
  pending_.reset();
}

std::optional<Seal> Chains::seal(const Batch& batch) {
  pending_.reset();
  const auto end = known_.ends.find(batch.semester_id);
  if (end == known_.ends.end() || end->second.seq != batch.base) return std::nullopt;
  Sealing sealing{known_.store, batch.semester_id, end->second.seal};
  const auto at = stored_time(batch.at);
  for_each_entry(batch, [&](const LedgerEntry& entry, const std::optional<std::string>& request_id) {
    sealing.add_grant(entry, at, request_id);
  });
  pending_ = {batch.semester_id, {batch.entries.back().seq, sealing.finish()}};
  return pending_->second.seal;
}

std::optional<SealedChange> Chains::seal(const Change& change) const {
  const auto end = known_.ends.find(change.semester_id);
  if (end == known_.ends.end() || end->second.seq != change.base) return std::nullopt;
  SealedChange sealed{change.entries, change.registered, {}, {}};
  auto& last = sealed.entries.back();
  if (last.command_id) last.note_hash = hash_of(change.note);
  Sealing sealing{known_.store, change.semester_id, end->second.seal};
  for (const auto& entry : sealed.entries) DTI_CHECK(sealing.add(entry));
  last.seal = sealing.finish();
  sealed.end = {last.row.seq, *last.seal};
  sealed.registry_end =
      seal_registry(known_.store, end_of(known_, kRegistryId), stored_time(change.at), sealed.registered);
  return sealed;
}

void Chains::on_changed(SemesterId semester, const SealedChange& change) {
  known_.ends[semester] = change.end;
  known_.ends[kRegistryId] = change.registry_end;
}

void Chains::on_committed() {
  DTI_CHECK(pending_.has_value());
  const auto& [semester, end] = *pending_;
  on_opened(semester, end);
  pending_.reset();
}

void refuse_other_end(Seq last, Seq sealed) {
  if (last == sealed) return;
  throw StorageError{StorageError::Kind::kCorrupt,
                     "the registry: " + (last > sealed ? unsealed_text(sealed + 1, last)
                                                       : "entry " + std::to_string(last + 1) + " is missing")};
}

void refuse_unregistered(const std::vector<RegistryEntry>& missing) {
  if (missing.empty()) return;
  throw StorageError{StorageError::Kind::kCorrupt, unregistered_text(missing.front())};
}

Seal seal_of_opening(const StoreId& store, SemesterId semester, const Capacity& capacity, WallTime at) {
  LedgerEntry opened;
  opened.seq = 1;
  opened.kind = EntryKind::kSemesterOpened;
  opened.capacity = capacity;
  Sealing sealing{store, semester, {}};
  DTI_CHECK(sealing.add({row_of(opened), stored_time(at), std::nullopt}));
  return sealing.finish();
}

}  // namespace dti
