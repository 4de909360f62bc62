#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dti/domain/ledger.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

inline constexpr std::int64_t kLedgerPieceEntries = 50'000;  // about 5 MB: what read_ledger() hands out at a time

/// How a kind and the status of a grant are stored: as small numbers, explained in sql/*/0001_ledger.up.sql.
[[nodiscard]] constexpr int stored_code(EntryKind kind) { return static_cast<int>(kind); }
[[nodiscard]] std::optional<EntryKind> entry_kind_from_code(std::int64_t code);
/// @param entry  a grant; entries of other kinds have no status
[[nodiscard]] int status_code(const LedgerEntry& entry);

/// May a batch hold such an entry? It changes nothing of the semester's row but the head and what is left.
[[nodiscard]] constexpr bool is_for_batch(EntryKind kind) {
  return kind == EntryKind::kGranted || kind == EntryKind::kReleased;
}
/// Does the batch hold nothing but grants?
[[nodiscard]] bool has_only_grants(const Batch& batch);

/// Stops the process if the batch is not what Repository::commit() takes: a fault of ours.
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

/// The catalogue's greatest program that the batch names.
[[nodiscard]] ProgramId greatest_program(const Batch& batch);

/// The store's number for a time: microseconds since 1970, UTC.
[[nodiscard]] constexpr std::int64_t stored_time(WallTime at) { return at.time_since_epoch().count(); }

/// @throws StorageError  kCorrupt, naming the semester and the seq at which its ledger breaks off
[[noreturn]] void throw_missing_entry(SemesterId semester, Seq seq);
/// @throws StorageError  kCorrupt if the ledger goes on beyond what the semester's row calls its last entry
void refuse_entries_beyond(SemesterId semester, Seq head, Seq last);
[[noreturn]] void throw_unreadable_entry(SemesterId semester, Seq seq, std::string_view why);

/// @throws StorageError  kCorrupt
[[noreturn]] void throw_missing_leadership();

/// @throws StorageError  kRefused: nobody has made a schema
[[noreturn]] void refuse_empty_store(const std::string& where);

/// @throws StorageError  kRefused, naming both, if the store's schema is newer than what this program knows
void refuse_newer_schema(int stored, int known);

}  // namespace dti
