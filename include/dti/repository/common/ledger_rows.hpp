#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dti/domain/ledger.hpp"
#include "dti/service/ledger/chain_heads.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

/// Stops the process if LedgerWriter::commit() does not take such a batch: a fault of the server.
void check_batch(const Batch& batch);
/// The same of LedgerWriter::change().
void check_change(const Change& change);

/// Calls `use(entry, request_id)` for each entry of the batch, in order.
template <class Use>
void for_each_entry(const Batch& batch, Use use) {
  std::size_t next = 0;
  for (const BatchMessage& message : batch.messages) {
    for (std::uint32_t i = 0; i < message.entry_count; ++i) {
      use(batch.entries[next++], message.request_id);
    }
  }
}

/// The highest id of the programs in the batch, or in the change.
[[nodiscard]] ProgramId greatest_program(const Batch& batch);
[[nodiscard]] ProgramId greatest_program(const Change& change);

/// The number that stores a time: microseconds since 1970, UTC.
[[nodiscard]] constexpr std::int64_t stored_time(WallTime at) { return at.time_since_epoch().count(); }

/// The columns of a row from program_id to cause and from waits_since on, in the order of LedgerRow.
[[nodiscard]] std::array<StoredNumber, 20> numbers_of(const LedgerRow& row);

/// Whether the row is of a grant that a request asked for, and that is no hold.
[[nodiscard]] inline bool is_plain_grant(const LedgerRow& row) {
  return row.kind == stored_code(EntryKind::kGranted) && !row.cause;
}

/// Replaces rows of a piece by others with the same seq. @param rows  in order of seq
void replace_rows(std::vector<LedgerRow>& piece, const std::vector<LedgerRow>& rows);

/// Puts the entries about a grant, which are read by kind, in the order of seq.
void sort_by_seq(std::vector<StoredEntry>& entries);

/// Sets the numbers for the ids of the request and of the command, and the time where a rule compares it.
void hash_ids(StoredEntry& entry);

/// The holder of the lead of a store that was copied and that no server has led yet.
inline constexpr std::string_view kCopyHolder = "dtictl copy";

/// @throws StorageError  kRefused, with the numbers, if one of them is not 0
void refuse_filled_store(const std::string& where, std::int64_t programs, std::int64_t semesters, std::int64_t entries);

/// @throws StorageError  kCorrupt
[[noreturn]] void throw_missing_leadership();

/// The last entry of the registry, as the table leadership has it.
/// @throws StorageError  kCorrupt: the table does not hold its row
[[nodiscard]] Seq end_of_registry(const ChainHeads& heads);

/// @throws StorageError  kRefused: there is no schema
[[noreturn]] void refuse_empty_store(const std::string& where);

/// @throws StorageError  kRefused, naming both versions, if the schema of the store is newer than this program
void refuse_newer_schema(int stored, int known);

}  // namespace dti
