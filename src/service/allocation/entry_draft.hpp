#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "dti/service/allocation/allocator.hpp"
#include "dti/service/ledger/ledger_writer.hpp"

namespace dti {

/// Entries that are to follow the ledger of a semester, and the state after them. It replays each entry at once, so that no
/// entry is written that the replay of the ledger would refuse.
class EntryDraft {
 public:
  /// The semester as the committed state has it.
  struct Base {
    SemesterId semester_id = 0;
    LedgerTotals totals;
    Quotas quotas;
    const WaitList* waiting = nullptr;  // null: it has none. Valid as long as the draft
    std::size_t program_count = 0;      // of the catalogue
    std::size_t faculty_count = 0;      // of the catalogue
    WallTime at;                        // the ledger's time
  };
  /// What an entry has beside its numbers; empty, none: it has none.
  struct Texts {
    std::string command_id = {};
    std::optional<std::string> request_id = {};
    std::optional<std::string> terms = {};
  };

  explicit EntryDraft(Base base) : quotas_(std::move(base.quotas)), base_(std::move(base)), totals_(base_.totals) {}

  /// Adds an entry about a program. @param state  of the program; it follows
  void add(LedgerEntry entry, FacultyId faculty, Allocator::ProgramState& state, Texts texts);
  /// Adds an entry about the semester.
  void add(LedgerEntry entry, Texts texts);

  // After the entries:
  [[nodiscard]] const LedgerTotals& totals() const { return totals_; }
  [[nodiscard]] const Quotas& quotas() const { return quotas_; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  /// The change that stores the entries. It has no epoch yet.
  [[nodiscard]] Change finish(CommandNote note) &&;

 private:
  Quotas quotas_;
  const Base base_;  // without its quotas
  LedgerTotals totals_;
  std::optional<RoundInProgress> round_;
  std::vector<StoredEntry> entries_;
};

/// An entry of that kind about a program's newest grant.
[[nodiscard]] LedgerEntry about_grant(EntryKind kind, ProgramId program, std::int32_t generation);

/// The release of what a program holds. @param state  of the program, which holds a grant
[[nodiscard]] LedgerEntry release_of(ProgramId program, const Allocator::ProgramState& state, Cause cause);

}  // namespace dti
