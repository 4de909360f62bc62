#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dti/service/ledger/ledger_replay.hpp"
#include "dti/service/ledger/ledger_snapshot.hpp"

namespace dti {

/// The totals of the ledger of one semester, up to the first difference.
struct SemesterReport {
  StoredSemester semester;
  Seq entries = 0;
  Seq grants = 0;
  Pool left;
  std::optional<StoreDifference> difference;
  std::optional<StoreDifference> seal_difference;  // of the first batch whose seal does not fit
  std::optional<StoreDifference> note_difference;  // of the first note that is not the one that was sealed
  Seq notes = 0;                                   // of commands
  Seq notes_erased = 0;                            // of them, those that are no longer there
  Seq unsealed = 0;                                // entries at the end that no seal covers; all of a store without id
  std::string faculty;                             // of the difference's program, if the catalogue has it
  std::string program;
};

/// The findings of verify(), in the order of its checks.
struct VerifyReport {
  std::optional<std::vector<std::string>> file_faults;  // none: the database has no check of its file
  std::size_t programs = 0;
  std::size_t faculties = 0;
  std::size_t older_keys = 0;
  std::vector<StoreDifference> differences;  // of the catalogue, and of the store as a whole
  std::vector<SemesterReport> semesters;
  std::optional<StoreId> store_id;           // none: the store has no seals yet
  Seq registered = 0;                        // entries of the registry
  std::optional<std::size_t> witness_lines;  // none: no witness was asked
  std::optional<std::string> warning;        // the rows do not show whether answered grants are missing
  std::optional<std::string> unreadable;     // where reading had to end

  /// Tells whether the store has no difference and could be read.
  [[nodiscard]] bool fits() const;
};

/// The progress of verify(); `semester` is empty while it checks another part of the store.
struct VerifyProgress {
  std::string semester;
  Seq read = 0;
  Seq head = 0;
};

/// Replays the ledger of every semester by the allocation rule, recomputes its seals, and compares all of the store with
/// the results.
/// Memory grows with the catalogue and a piece of the ledger, not with the ledger.
/// @param progress  called before each part, and after each piece of a ledger
/// @throws StorageError  kUnavailable. Data that is damaged and cannot be read is in the report
[[nodiscard]] VerifyReport verify(LedgerSnapshot& snapshot, const std::function<void(const VerifyProgress&)>& progress);

}  // namespace dti
