#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dti/domain/allocate.hpp"
#include "dti/domain/catalog.hpp"
#include "dti/domain/quota.hpp"

namespace dti {

using SemesterId = std::int64_t;  // the number of a semester in the store, >= 1
using Seq = std::int64_t;         // the position of an entry in the ledger of its semester: 1, 2, 3, …
using Epoch = std::int64_t;       // how often a server took over the store; it never decreases

/// The kind of a ledger entry.
enum class EntryKind : std::uint8_t {
  kGranted,
  kReleased,
  kCapacityChanged,
  kSemesterOpened,
  kSemesterClosed,
  kSemesterReopened,
  kSetting,       // the office changed how the semester works
  kWaitingLeft,   // a program gave up its place in the wait list, and kept its grant
  kConfirmed,     // a hold has no end any more
  kHoldExtended,  // a hold lasts longer
  kQuotaSet,      // the office replaced the limits of a faculty
  kRound,         // the grants that follow were decided together
  kRoundOpened,   // the office has published the hash of a round
};

inline constexpr int kEntryKindCount = 13;

/// The reason for a grant or a release. An amended grant is a release and a grant of the same program, both kAmended; the
/// same is true of one that is topped up or confirmed in part.
enum class Cause : std::uint8_t {
  kAsked,            // granted: a request for rooms. The ledger stores it only for a hold
  kAmended,          // granted or released: the office or the faculty changed the numbers
  kReleased,         // released: the rooms were given back
  kToppedUp,         // granted or released: a program that waited got more
  kConfirmedInPart,  // granted or released: a hold was confirmed with smaller numbers
  kCancelled,        // released: a hold was given back
  kExpired,          // released: a hold was not confirmed in time
  kRound,            // granted: by the round before it
};

inline constexpr int kCauseCount = 8;

/// How a semester works from a `setting` on. A semester begins with kWaitListOff.
enum class SemesterSetting : std::uint8_t { kWaitListOff, kWaitListOn };

inline constexpr int kSemesterSettingCount = 2;

/// The name of the cause in the store, such as `amended`.
[[nodiscard]] std::string_view stored_text(Cause cause);

/// The name of the kind in the store, such as `semester-opened`.
[[nodiscard]] std::string_view stored_text(EntryKind kind);
[[nodiscard]] std::optional<EntryKind> entry_kind_from_store(std::string_view text);
/// The kind with that number; none if this version does not know it.
[[nodiscard]] std::optional<EntryKind> entry_kind_from_code(std::int64_t code);

/// One entry in the ledger of a semester, with the columns from which a server rebuilds its state.
struct LedgerEntry {
  Seq seq = 0;
  EntryKind kind = EntryKind::kGranted;
  Cause cause = Cause::kAsked;                              // granted, released
  SemesterSetting setting = SemesterSetting::kWaitListOff;  // setting
  ProgramId program_id = 0;     // granted, released, waiting-left, confirmed, hold-extended: the program; otherwise 0
  std::int32_t generation = 1;  // of these kinds: 1 plus the number of earlier releases of the program
  FacultyId faculty_id = 0;     // quota-set: the faculty; otherwise 0
  Want want;                    // granted; released: that of the grant that ends
  Grant grant;                  // granted; released: that grant
  Capacity capacity;            // semester-opened, capacity-changed: the whole capacity from this entry on
  Seq waits_since = 0;          // granted because it was topped up: the seq of the grant whose place it keeps
  /// Granted, if the grant is a hold, and hold-extended: when the hold expires, in microseconds since 1970, UTC; 0: never.
  std::int64_t expires_at = 0;
  Quota quota = {};  // quota-set: all limits of the faculty from this entry on

  friend bool operator==(const LedgerEntry&, const LedgerEntry&) = default;
};

}  // namespace dti
