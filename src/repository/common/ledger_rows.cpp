#include "dti/repository/common/ledger_rows.hpp"

#include <algorithm>
#include <numeric>

#include "dti/base/check.hpp"
#include "dti/domain/allocate.hpp"
#include "dti/domain/status.hpp"

namespace dti {

std::optional<EntryKind> entry_kind_from_code(std::int64_t code) {
  if (code < stored_code(EntryKind::kGranted) || code > stored_code(EntryKind::kSemesterClosed)) {
    return std::nullopt;
  }
  return static_cast<EntryKind>(code);
}

int status_code(const LedgerEntry& entry) { return grant_status(entry.want, entry.grant) == Status::kOk ? 0 : 1; }

bool has_only_grants(const Batch& batch) {
  return std::all_of(batch.entries.begin(), batch.entries.end(),
                     [](const LedgerEntry& entry) { return entry.kind == EntryKind::kGranted; });
}

void check_batch(const Batch& batch) {
  DTI_CHECK(!batch.entries.empty());
  Seq seq = batch.base;
  for (const LedgerEntry& entry : batch.entries) {
    DTI_CHECK(is_for_batch(entry.kind) && entry.seq == ++seq);
  }
  const std::size_t in_messages =
      std::accumulate(batch.messages.begin(), batch.messages.end(), std::size_t{0},
                      [](std::size_t sum, const BatchMessage& message) { return sum + message.entry_count; });
  DTI_CHECK(in_messages == batch.entries.size());
}

ProgramId greatest_program(const Batch& batch) {
  ProgramId greatest = 0;
  for (const LedgerEntry& entry : batch.entries) {
    greatest = std::max(greatest, entry.program_id);
  }
  return greatest;
}

void throw_missing_entry(SemesterId semester, Seq seq) {
  throw StorageError{StorageError::Kind::kCorrupt, "the ledger of semester number " + std::to_string(semester) +
                                                       " has no entry " + std::to_string(seq)};
}

void refuse_entries_beyond(SemesterId semester, Seq head, Seq last) {
  if (last <= head) return;
  throw StorageError{StorageError::Kind::kCorrupt, "the ledger of semester number " + std::to_string(semester) +
                                                       " goes on to entry " + std::to_string(last) +
                                                       ", but the semester's row says that entry " +
                                                       std::to_string(head) + " is the last"};
}

void throw_unreadable_entry(SemesterId semester, Seq seq, std::string_view why) {
  throw StorageError{StorageError::Kind::kCorrupt, "entry " + std::to_string(seq) +
                                                       " of the ledger of semester number " + std::to_string(semester) +
                                                       " cannot be read: " + std::string{why}};
}

void throw_missing_leadership() {
  throw StorageError{StorageError::Kind::kCorrupt, "the table leadership does not hold its one row"};
}

void refuse_empty_store(const std::string& where) {
  throw StorageError{StorageError::Kind::kRefused,
                     where + " is empty: no dti_server has used it yet, and there is nothing to look at"};
}

void refuse_newer_schema(int stored, int known) {
  if (stored > known) {
    throw StorageError{StorageError::Kind::kRefused, "the store's schema has version " + std::to_string(stored) +
                                                         ", and this program knows version " + std::to_string(known) +
                                                         " and older: use the program that goes with the store"};
  }
}

}  // namespace dti
