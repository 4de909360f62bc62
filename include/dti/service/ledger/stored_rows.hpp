#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "dti/domain/ledger.hpp"
#include "dti/seals/seal.hpp"

namespace dti {

/// The last entry of a chain that has a seal. A seal covers all entries since the one before it.
struct SealedHead {
  Seq seq = 0;  // 0: no entry is sealed
  Seal seal;

  friend bool operator==(const SealedHead&, const SealedHead&) = default;
};

/// The stored row of a semester. Its reader does not check the numbers.
struct StoredSemester {
  SemesterId id = 0;
  std::string name;
  Epoch epoch = 0;
  Seq head = 0;  // the last entry, as the row names it
  Capacity capacity = {};
  Pool left = {};
  bool is_open = true;
  // From its ledger.
  std::optional<Capacity> opened_with = {};  // by the first entry; none: the entry is missing, or is of another kind
  Seq last_entry = 0;                        // the highest seq; 0: there is no entry

  friend bool operator==(const StoredSemester&, const StoredSemester&) = default;
};

[[noreturn]] void throw_lowest_number();

/// The number in a column, or none for NULL. It is half as large as std::optional: a server loads millions of rows.
class StoredNumber {
 public:
  constexpr StoredNumber() = default;
  /// @throws StorageError  kCorrupt: the lowest number of 64 bits, which stands for NULL here. No column may have it.
  constexpr StoredNumber(std::int64_t value) : value_(value) {  // NOLINT(google-explicit-constructor)
    if (value == kNone) throw_lowest_number();
  }

  [[nodiscard]] constexpr bool has_value() const { return value_ != kNone; }
  constexpr explicit operator bool() const { return has_value(); }
  [[nodiscard]] constexpr std::int64_t operator*() const { return value_; }
  [[nodiscard]] constexpr std::int64_t value_or(std::int64_t other) const { return has_value() ? value_ : other; }

  friend constexpr bool operator==(const StoredNumber&, const StoredNumber&) = default;

 private:
  static constexpr auto kNone = std::numeric_limits<std::int64_t>::min();

  std::int64_t value_ = kNone;
};

/// A stored row of the ledger, not validated.
struct LedgerRow {
  using Number = StoredNumber;

  Seq seq = 0;
  std::int64_t kind = 0;  // the code
  Number program_id = {};
  Number generation = {};
  Number classrooms_wanted = {};
  Number labs_wanted = {};
  Number classrooms_granted = {};
  Number labs_granted = {};
  Number mobile_labs_granted = {};
  Number classrooms_capacity = {};
  Number labs_capacity = {};
  Number conversions_capacity = {};
  Number status = {};       // the code
  Number cause = {};        // the code; none: kAsked, and no hold
  Number request = {};      // id_hash() of the request-id; read_ledger() gives it only for released
  Number command = {};      // id_hash() of the command-id
  Number waits_since = {};  // of a grant that was topped up
  Number setting = {};      // the code
  Number expires_at = {};   // of a hold, or of its extension: microseconds since 1970, UTC
  Number faculty_id = {};   // of a quota
  Number classrooms_limit = {};
  Number classrooms_limit_is_soft = {};  // 0 or 1
  Number labs_limit = {};
  Number labs_limit_is_soft = {};         // 0 or 1
  std::optional<std::string> terms = {};  // of rounds, and of the grants by one: see round_terms.hpp
  Number at = {};                         // microseconds since 1970, UTC; only of rows that rests_on_time() names

  friend bool operator==(const LedgerRow&, const LedgerRow&) = default;
};

/// A number for an id of a request or a command: the beginning of its BLAKE2b-256 hash, without the sign.
/// Different ids have the same number with a probability of 2^-63.
[[nodiscard]] std::int64_t id_hash(std::string_view id);

/// An entry with all that is stored of it.
struct StoredEntry {
  LedgerRow row;                               // its request and command are id_hash() of the texts below
  std::int64_t at = 0;                         // microseconds since 1970, UTC
  std::optional<std::string> request_id;       // granted; released: that of the grant that ends
  std::optional<Seal> seal = {};               // of the last entry of a batch
  std::optional<std::string> command_id = {};  // of every entry that a command wrote
  std::optional<Seal> note_hash = {};          // hash_of() the note; only of the last entry of a command

  friend bool operator==(const StoredEntry&, const StoredEntry&) = default;
};

/// Who changed something, and why. These are personal data: the store can erase them. The seals cover only their hash,
/// which is salted, so that an erased text cannot be found by trying.
struct CommandNote {
  std::array<std::uint8_t, 16> salt{};
  std::string actor;  // at most kActorBytesMax bytes
  std::string note;   // at most kNoteBytesMax bytes

  friend bool operator==(const CommandNote&, const CommandNote&) = default;
};

/// BLAKE2b-256 of `dti-note-1`, the salt, and the two texts, each after its length in 4 bytes.
/// Source: docs/ledger-seals.md, Notes
[[nodiscard]] Seal hash_of(const CommandNote& note);

/// How a kind and the status of a grant are stored: as small numbers, explained in sql/*/0001_ledger.up.sql.
[[nodiscard]] constexpr int stored_code(EntryKind kind) { return static_cast<int>(kind); }
[[nodiscard]] int status_code(const LedgerEntry& entry);

/// Tells whether the rules for holds compare the time of the entry. LedgerRow::at is NULL in the others.
[[nodiscard]] constexpr bool rests_on_time(const LedgerRow& row) {
  if (row.kind == stored_code(EntryKind::kGranted)) return row.expires_at.has_value();
  if (row.kind == stored_code(EntryKind::kReleased)) {
    return row.cause == static_cast<std::int64_t>(Cause::kExpired) ||
           row.cause == static_cast<std::int64_t>(Cause::kConfirmedInPart);
  }
  return row.kind == stored_code(EntryKind::kConfirmed) || row.kind == stored_code(EntryKind::kHoldExtended);
}

/// Tells whether the wait list wrote the entry.
[[nodiscard]] constexpr bool is_topped_up(const LedgerRow& row) {
  return row.cause == static_cast<std::int64_t>(Cause::kToppedUp);
}

/// The name of the kind with that number, such as `granted`; `kind 9` if this version does not know it.
[[nodiscard]] std::string kind_text(std::int64_t code);
/// The name of the cause with that number, such as `amended`; `cause 7` if this version does not know it.
[[nodiscard]] std::string cause_text(std::int64_t code);

/// The row in which the entry is stored.
[[nodiscard]] LedgerRow row_of(const LedgerEntry& entry);
/// The entry of a row that row_of() has made.
[[nodiscard]] LedgerEntry entry_of(const LedgerRow& row);

}  // namespace dti
