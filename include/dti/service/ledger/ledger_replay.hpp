#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dti/domain/allocate.hpp"
#include "dti/domain/quotas.hpp"
#include "dti/domain/wait_list.hpp"
#include "dti/service/ledger/round_replay.hpp"
#include "dti/service/ledger/stored_rows.hpp"

namespace dti {

/// A place where a store differs from the result of the allocation rule.
struct StoreDifference {
  std::optional<Seq> seq;                  // of the entry; none: it is not about an entry
  std::optional<std::int64_t> program_id;  // the stored value
  std::string what;                        // a sentence without its full stop
  std::string stored;                      // empty: the sentence has all facts
  std::string expected;
};

/// `program 3: what; stored: …; expected: …`, for logs and operators.
[[nodiscard]] std::string to_string(const StoreDifference& difference);

/// A grant that the last entry has released because it is amended, topped up or confirmed in part. The next entry grants what replaces it.
struct Replacing {
  std::int64_t program_id = 0;
  Cause cause = Cause::kAmended;
  HeldGrant held;
  Seq waits_since = 0;
  StoredNumber command = {};    // the hash of its id
  std::int64_t expires_at = 0;  // of a hold: its end; 0: the grant was firm
};

/// The result of the entries of one semester's ledger so far.
struct LedgerTotals {
  Seq head = 0;         // of the last entry; 0: there is none
  Capacity capacity;    // as the last entry that has one says
  Seq capacity_at = 0;  // that entry
  Pool left;
  bool is_open = false;
  Seq opened_at = 0;  // of the last entry that opened, closed or reopened the semester
  std::optional<Replacing> replacing = {};
  bool has_wait_list = false;
  Seq setting_at = 0;                         // of the last entry that turned the wait list on or off; 0: there is none
  Seq round_at = 0;                           // of the last entry that opened or held a round; 0: there is none
  std::optional<Seal> round_commitment = {};  // of the round that is open; none: no round is open
  std::int64_t round_grants_missing = 0;      // of the round that the last entries are of
  Seq waits_since = 0;     // of the last grant: its place, if it is not whole; 0: its program has given its place up
  std::int64_t holds = 0;  // that are neither confirmed nor released
};

/// Facts about the program that a row names, which the owner of the grants gives.
struct RowContext {
  std::size_t program_count = 0;           // of the catalogue, whose programs are 1 to program_count
  std::size_t faculty_count = 0;           // of the catalogue, whose faculties are 1 to faculty_count
  FacultyId faculty = 0;                   // of the program
  std::optional<HeldGrant> held = {};      // by earlier rows
  std::int32_t generation = 0;             // of the newest grant, which it holds or has released; 0: it never had one
  Seq granted_at = 0;                      // the row of that grant; 0: not known, or there is none
  Seq waits_since = 0;                     // of the grant that it holds
  const WaitList* waiting = nullptr;       // of the semester; null: it has none
  const Quotas* quotas = nullptr;          // of the semester; null: it has none
  const RoundInProgress* round = nullptr;  // if grants of a round are missing
  std::int64_t expires_at = 0;             // of the grant that it holds, if that is a hold; 0: it is firm
};

/// Replays the next row of a ledger: computes the grant again, from what the earlier rows left, and adds it to
/// `totals`. It compares all on which the state depends; LedgerReplay also compares the rest of the row. The owner of the
/// grants then changes them, the quotas with keep_quotas(), and the wait list with keep_wait_list().
/// @return the first difference from the rule, and `totals` unchanged; after it, the rest of the ledger means nothing
/// Source: docs/allocation.md. Pure.
[[nodiscard]] std::optional<StoreDifference> replay(LedgerTotals& totals, const LedgerRow& row,
                                                    const RowContext& context);

/// Lets the quotas of a semester follow a row that replay() has accepted.
/// @param context  of the row
void keep_quotas(Quotas& quotas, const LedgerRow& row, const RowContext& context);

/// Lets a wait list follow a row that replay() has accepted, and keep_quotas() after it.
/// @param totals  after the row
/// @param context  of the row
/// @return false: the wait list was turned on, and the owner must add the programs that wait
bool keep_wait_list(std::optional<WaitList>& waiting, const LedgerTotals& totals, const LedgerRow& row,
                    const RowContext& context);

/// Lets the round in progress follow a row that replay() has accepted. Call it before keep_quotas().
/// @param totals  after the row
/// @param context  of the row
void keep_round(std::optional<RoundInProgress>& round, const LedgerTotals& totals, const LedgerRow& row,
                const RowContext& context);

/// The difference for an entry that is missing where `found` follows; `found` is none at the end of the ledger.
[[nodiscard]] StoreDifference missing_entry(Seq seq, std::optional<Seq> found);

/// The difference for a semester whose row names another entry as the last one.
[[nodiscard]] StoreDifference wrong_head(Seq stored, Seq last_entry);

/// Compares the semester's row with the result of its ledger: head, capacity and the rooms that are left.
[[nodiscard]] std::optional<StoreDifference> compare(const LedgerTotals& totals, const StoredSemester& semester);

/// Replays the ledger of one semester and compares every column. It holds the grant of each program, and nothing for each
/// entry. Pure. Source: docs/operations.md (Checking a store).
class LedgerReplay {
 public:
  /// @param faculties  of the programs 1, 2, 3, … of the catalogue
  explicit LedgerReplay(const std::vector<FacultyId>& faculties);
  /// Of a catalogue with one faculty.
  explicit LedgerReplay(std::size_t program_count)
      : LedgerReplay(std::vector<FacultyId>(program_count, FacultyId{1})) {}

  /// Replays the next row.
  /// @return the first difference; do not call this again after one
  [[nodiscard]] std::optional<StoreDifference> add(const LedgerRow& row);

  /// Compares the semester's row with the result. Call it after the last row.
  [[nodiscard]] std::optional<StoreDifference> finish(const StoredSemester& semester, Epoch leadership) const;

  [[nodiscard]] Seq entries() const { return totals_.head; }
  /// Entries that granted, also those of grants that were released.
  [[nodiscard]] Seq grants() const { return grants_; }
  [[nodiscard]] const Pool& left() const { return totals_.left; }

 private:
  /// The newest grant of a program.
  struct Newest {
    Seq granted_at = 0;           // 0: there is none
    LedgerRow::Number request{};  // id_hash() of the request-id
    HeldGrant grant;
    std::int32_t generation = 0;
    bool is_held = false;  // it was not released
    Seq waits_since = 0;
    FacultyId faculty = 0;        // of the program
    std::int64_t expires_at = 0;  // of a hold that is not confirmed
  };

  void keep(const LedgerRow& row, Newest* newest, const RowContext& context);
  void add_all_waiting();

  std::size_t faculty_count_ = 0;
  LedgerTotals totals_;
  Quotas quotas_;
  std::optional<WaitList> waiting_;  // none: the semester has no wait list
  std::optional<RoundInProgress> round_;
  Seq grants_ = 0;
  std::vector<Newest> programs_;  // by ProgramId - 1
};

}  // namespace dti
