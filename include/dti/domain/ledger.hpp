#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dti/domain/allocate.hpp"
#include "dti/domain/catalog.hpp"

namespace dti {

using SemesterId = std::int64_t;  // the store's number of a semester, >= 1
using Seq = std::int64_t;         // an entry's place in its semester's ledger: 1, 2, 3, …
using Epoch = std::int64_t;       // how often the store was taken over; only rises

/// What an entry of the ledger says. `released`, `capacity-changed` and `semester-closed` have their place in the
/// ledger's schema; a server of this version writes and replays the other two, and refuses a ledger that holds more. The
/// stores take `released` in a batch as well.
enum class EntryKind : std::uint8_t { kGranted, kReleased, kCapacityChanged, kSemesterOpened, kSemesterClosed };

/// The kind's name in the store, such as `semester-opened`.
[[nodiscard]] std::string_view stored_text(EntryKind kind);
[[nodiscard]] std::optional<EntryKind> entry_kind_from_store(std::string_view text);

/// One entry of a semester's ledger: the part from which the state is rebuilt.
struct LedgerEntry {
  Seq seq = 0;
  EntryKind kind = EntryKind::kGranted;
  ProgramId program_id = 0;     // granted: the catalogue's program; 0 otherwise
  std::int32_t generation = 1;  // granted: 1, plus one after each release
  Want want;                    // granted
  Grant grant;                  // granted
  Capacity capacity;            // semester-opened

  friend bool operator==(const LedgerEntry&, const LedgerEntry&) = default;
};

}  // namespace dti
