#include "dti/repository/common/ledger_rows.hpp"

#include <algorithm>
#include <numeric>

#include "dti/base/check.hpp"

namespace dti {

void check_batch(const Batch& batch) {
  DTI_CHECK(!batch.entries.empty());
  Seq seq = batch.base;
  for (const LedgerEntry& entry : batch.entries) {
    DTI_CHECK(entry.kind == EntryKind::kGranted && entry.cause == Cause::kAsked && entry.expires_at == 0 &&
              entry.seq == ++seq);
  }
  const std::size_t in_messages =
      std::accumulate(batch.messages.begin(), batch.messages.end(), std::size_t{0},
                      [](std::size_t sum, const BatchMessage& message) { return sum + message.entry_count; });
  DTI_CHECK(in_messages == batch.entries.size());
}

void check_change(const Change& change) {
  DTI_CHECK(!change.entries.empty());
  Seq seq = change.base;
  for (const StoredEntry& entry : change.entries) {
    DTI_CHECK(entry.row.seq == ++seq && entry.at == stored_time(change.at) && !entry.seal && !entry.note_hash);
  }
}

ProgramId greatest_program(const Batch& batch) {
  ProgramId greatest = 0;
  for (const LedgerEntry& entry : batch.entries) {
    greatest = std::max(greatest, entry.program_id);
  }
  return greatest;
}

ProgramId greatest_program(const Change& change) {
  ProgramId greatest = 0;
  for (const StoredEntry& entry : change.entries) {
    greatest = std::max(greatest, static_cast<ProgramId>(entry.row.program_id.value_or(0)));
  }
  return greatest;
}

std::array<StoredNumber, 20> numbers_of(const LedgerRow& row) {
  return {row.program_id,
          row.generation,
          row.classrooms_wanted,
          row.labs_wanted,
          row.classrooms_granted,
          row.labs_granted,
          row.mobile_labs_granted,
          row.classrooms_capacity,
          row.labs_capacity,
          row.conversions_capacity,
          row.status,
          row.cause,
          row.waits_since,
          row.setting,
          row.expires_at,
          row.faculty_id,
          row.classrooms_limit,
          row.classrooms_limit_is_soft,
          row.labs_limit,
          row.labs_limit_is_soft};
}

void replace_rows(std::vector<LedgerRow>& piece, const std::vector<LedgerRow>& rows) {
  auto to = piece.begin();
  for (const auto& row : rows) {
    to = std::find_if(to, piece.end(), [&](const LedgerRow& old) { return old.seq >= row.seq; });
    if (to == piece.end()) return;
    if (to->seq == row.seq) *to = row;
  }
}

void sort_by_seq(std::vector<StoredEntry>& entries) {
  std::sort(entries.begin(), entries.end(),
            [](const StoredEntry& one, const StoredEntry& other) { return one.row.seq < other.row.seq; });
}

void hash_ids(StoredEntry& entry) {
  if (entry.request_id) entry.row.request = id_hash(*entry.request_id);
  if (entry.command_id) entry.row.command = id_hash(*entry.command_id);
  if (rests_on_time(entry.row)) entry.row.at = entry.at;
}

void refuse_filled_store(const std::string& where, std::int64_t programs, std::int64_t semesters,
                         std::int64_t entries) {
  if (programs == 0 && semesters == 0 && entries == 0) return;
  throw StorageError{StorageError::Kind::kRefused, where + " is not empty: it has " + std::to_string(programs) +
                                                       " programs, " + std::to_string(semesters) + " semesters and " +
                                                       std::to_string(entries) +
                                                       " entries. Use a new store, before a server starts on it"};
}

void throw_missing_leadership() {
  throw StorageError{StorageError::Kind::kCorrupt, "the table leadership does not hold its one row"};
}

Seq end_of_registry(const ChainHeads& heads) {
  const auto found = heads.ends.find(kRegistryId);
  if (found == heads.ends.end()) throw_missing_leadership();
  return found->second.seq;
}

void refuse_empty_store(const std::string& where) {
  throw StorageError{StorageError::Kind::kRefused,
                     where + " is empty: no dti_server has used it yet, so it has no ledger"};
}

void refuse_newer_schema(int stored, int known) {
  if (stored > known) {
    throw StorageError{StorageError::Kind::kRefused, "the store's schema has version " + std::to_string(stored) +
                                                         ", and this program knows version " + std::to_string(known) +
                                                         " and older: use the program that goes with the store"};
  }
}

}  // namespace dti
