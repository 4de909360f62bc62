#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dti/service/ledger/ledger_snapshot.hpp"

namespace dti {

/// Where a store is not what the rule makes of it.
struct StoreDifference {
  std::optional<Seq> seq;                  // of the entry; none: it is no entry's
  std::optional<std::int64_t> program_id;  // as stored
  std::string what;                        // a sentence without its full stop
  std::string stored;                      // empty: the sentence says all
  std::string expected;
};

/// `program 3: what; stored …, expected …`, for people.
[[nodiscard]] std::string to_string(const StoreDifference& difference);

/// One semester's ledger put through the allocation rule, a row at a time: each grant is made anew from what the grants
/// before it left. Pure: no database, no clock. It holds a number for each program, and none for each entry.
/// Source: docs/allocation.md, docs/operations.md (Checking a store).
class LedgerReplay {
 public:
  /// @param program_count  of the catalogue, whose programs are 1 to program_count
  explicit LedgerReplay(std::size_t program_count) : granted_at_(program_count) {}

  /// Puts the next row. After a difference, nothing more can be said of this ledger.
  /// @return the first thing about the row that is not as the rule has it
  [[nodiscard]] std::optional<StoreDifference> add(const LedgerRow& row);

  /// To be called after the last row: does the semester's own row say what the ledger comes to?
  [[nodiscard]] std::optional<StoreDifference> finish(const SemesterRow& semester, Epoch leadership) const;

  [[nodiscard]] Seq entries() const { return head_; }
  [[nodiscard]] Seq grants() const { return grants_; }
  [[nodiscard]] const Pool& left() const { return left_; }

 private:
  [[nodiscard]] std::optional<StoreDifference> open(const LedgerRow& row);
  [[nodiscard]] std::optional<StoreDifference> grant(const LedgerRow& row);

  Seq head_ = 0;
  Seq grants_ = 0;
  Capacity capacity_;
  Pool left_;
  std::vector<Seq> granted_at_;  // by ProgramId - 1; 0: it has no grant
};

}  // namespace dti
