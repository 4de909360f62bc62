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
  if (history != history_) known_ = {};
  refuse_rewritten(known_, stored, read);
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

void Chains::begin(const std::vector<StoredSemester>& semesters) {
  beginning_.emplace(Beginning{make_store_id(), {}});
  for (const auto& semester : semesters) {
    beginning_->semesters.push_back(
        {semester.id, semester.name, semester.head, Sealing{beginning_->store, semester.id, {}}});
  }
}

std::optional<UnsealedPart> Chains::next_unsealed() const {
  if (!beginning_) return std::nullopt;
  for (const auto& [id, name, head, sealing, read] : beginning_->semesters) {
    if (read < head) return UnsealedPart{id, name, read + 1, std::min(head, read + kLedgerPieceEntries)};
  }
  return std::nullopt;
}

void Chains::add_unsealed(const UnsealedPart& part, const std::vector<StoredEntry>& entries) {
  const auto found = std::find_if(beginning_->semesters.begin(), beginning_->semesters.end(),
                                  [&](const FirstSeal& first) { return first.semester == part.semester; });
  auto& [id, name, head, sealing, read] = *found;
  for (const auto& entry : entries) {
    if (entry.row.seq != read + 1) break;
    const auto text = "entry " + std::to_string(entry.row.seq);
    if (entry.seal) throw_corrupt(name, text + " has a seal, and the store id is missing");
    if (!sealing.add(entry.row, entry.at, entry.request_id)) {
      throw_corrupt(name, text + " has a number that no column may have");
    }
    read = entry.row.seq;
  }
  if (read != part.last) throw_corrupt(name, "entry " + std::to_string(read + 1) + " is missing");
}

ChainHeads Chains::first_ends() {
  ChainHeads heads{beginning_->store, {}};
  for (auto& first : beginning_->semesters) heads.ends[first.semester] = {first.head, first.sealing.finish()};
  return heads;
}

std::vector<RegistryEntry> Chains::first_seals() {
  std::vector<RegistryEntry> entries;
  for (auto& first : beginning_->semesters) {
    entries.push_back(ledger_sealed(first.semester, first.name, {first.head, first.sealing.finish()}));
  }
  return entries;
}

std::optional<Seal> Chains::seal(const Batch& batch) {
  pending_.reset();
  const auto end = known_.ends.find(batch.semester_id);
  if (end == known_.ends.end() || end->second.seq != batch.base) return std::nullopt;
  Sealing sealing{known_.store, batch.semester_id, end->second.seal};
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

void refuse_unregistered(const std::vector<RegistryEntry>& missing) {
  if (missing.empty()) return;
  throw StorageError{StorageError::Kind::kCorrupt, unregistered_text(missing.front())};
}

std::vector<LogEvent> entries_sealed(const std::vector<RegistryEntry>& first_seals) {
  std::vector<LogEvent> events;
  for (const auto& entry : first_seals) {
    events.push_back({LogLevel::kInfo,
                      "entries-sealed",
                      "entries of a version without seals have one now",
                      {{"semester", entry.name}, {"first", "1"}, {"last", std::to_string(*entry.head)}}});
  }
  return events;
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
