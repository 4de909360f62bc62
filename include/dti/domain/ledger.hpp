#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dti/domain/allocate.hpp"
#include "dti/domain/catalog.hpp"

namespace dti {

using SemesterId = std::int64_t;  // the number of a semester in the store, >= 1
using Seq = std::int64_t;         // the position of an entry in the ledger of its semester: 1, 2, 3, …
using Epoch = std::int64_t;       // how often a server took over the store; it never decreases

/// The kind of a ledger entry. A server of this version writes and replays kGranted and kSemesterOpened, and rejects a
/// ledger that contains other kinds. The stores also accept kReleased in a batch.
enum class EntryKind : std::uint8_t { kGranted, kReleased, kCapacityChanged, kSemesterOpened, kSemesterClosed };

/// The name of the kind in the store, such as `semester-opened`.
[[nodiscard]] std::string_view stored_text(EntryKind kind);
[[nodiscard]] std::optional<EntryKind> entry_kind_from_store(std::string_view text);
/// The kind with that number; none if this version does not know it.
[[nodiscard]] std::optional<EntryKind> entry_kind_from_code(std::int64_t code);

/// One entry in the ledger of a semester, with the columns from which a server rebuilds its state.
struct LedgerEntry {
  Seq seq = 0;
  EntryKind kind = EntryKind::kGranted;
  ProgramId program_id = 0;     // granted: the program in the catalogue; otherwise 0
  std::int32_t generation = 1;  // granted: 1 plus the number of earlier releases of the program
  Want want;                    // granted
  Grant grant;                  // granted
  Capacity capacity;            // semester-opened

  friend bool operator==(const LedgerEntry&, const LedgerEntry&) = default;
};

}  // namespace dti
