#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dti/domain/ledger.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

/// Whether a batch may hold such an entry. It changes only the head and the rooms left in the semester's row.
[[nodiscard]] constexpr bool is_for_batch(EntryKind kind) {
  return kind == EntryKind::kGranted || kind == EntryKind::kReleased;
}
/// Whether the batch holds only grants.
[[nodiscard]] bool has_only_grants(const Batch& batch);

/// Stops the process if LedgerWriter::commit() does not take such a batch: a fault of the server.
void check_batch(const Batch& batch);

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

/// The highest id of the programs in the batch.
[[nodiscard]] ProgramId greatest_program(const Batch& batch);

/// The number that stores a time: microseconds since 1970, UTC.
[[nodiscard]] constexpr std::int64_t stored_time(WallTime at) { return at.time_since_epoch().count(); }

/// The columns of a row from program_id to status, in the order of LedgerRow.
[[nodiscard]] std::array<StoredNumber, 11> numbers_of(const LedgerRow& row);

/// The holder of the lead of a store that was copied and that no server has led yet.
inline constexpr std::string_view kCopyHolder = "dtictl copy";

/// @throws StorageError  kRefused, with the numbers, if one of them is not 0
void refuse_filled_store(const std::string& where, std::int64_t programs, std::int64_t semesters, std::int64_t entries);

/// @throws StorageError  kCorrupt
[[noreturn]] void throw_missing_leadership();

/// @throws StorageError  kRefused: there is no schema
[[noreturn]] void refuse_empty_store(const std::string& where);

/// @throws StorageError  kRefused, naming both versions, if the schema of the store is newer than this program
void refuse_newer_schema(int stored, int known);

}  // namespace dti
