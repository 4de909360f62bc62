#include "dti/service/office/entry_text.hpp"

#include "dti/domain/allocate.hpp"
#include "dti/service/ledger/quantity_text.hpp"

namespace dti {
namespace {

/// A number of a row that a person should see; damaged rows have none.
std::int64_t number(StoredNumber stored) { return stored.value_or(0); }

Want want_of(const LedgerRow& row) { return {number(row.classrooms_wanted), number(row.labs_wanted)}; }

Grant grant_of(const LedgerRow& row) {
  return {number(row.classrooms_granted), number(row.labs_granted), number(row.mobile_labs_granted)};
}

Capacity capacity_of(const LedgerRow& row) {
  return {number(row.classrooms_capacity), number(row.labs_capacity), number(row.conversions_capacity)};
}

bool is_amended(const LedgerRow& row) { return row.cause == static_cast<std::int64_t>(Cause::kAmended); }

std::string wants_text(const LedgerRow& row) {
  if (is_amended(row)) return " now wants ";
  return is_topped_up(row) ? " waited for " : " asked for ";
}

std::string subject_of(const LedgerRow& row, const ProgramName* program) {
  if (program != nullptr) return program->program + " of " + program->faculty;
  return "program " + std::to_string(number(row.program_id));
}

}  // namespace

std::string entry_text(const LedgerRow& row, const ProgramName* program) {
  const auto kind = entry_kind_from_code(row.kind);
  if (!kind) return kind_text(row.kind) + ", which this version does not know";
  switch (*kind) {
    case EntryKind::kGranted:
      return subject_of(row, program) + wants_text(row) + text_of(want_of(row)) + ", and got " +
             (number(row.status) == 0 ? "all: " : "less: ") + text_of(grant_of(row));
    case EntryKind::kSetting:
      return std::string{"the wait list was turned "} +
             (number(row.setting) == static_cast<std::int64_t>(SemesterSetting::kWaitListOn) ? "on" : "off");
    case EntryKind::kWaitingLeft: return subject_of(row, program) + " left the wait list";
    case EntryKind::kReleased:
      return subject_of(row, program) + " gave back " + text_of(grant_of(row)) +
             (is_amended(row) ? ", because its grant was amended" : "") +
             (is_topped_up(row) ? ", because its grant was topped up" : "");
    case EntryKind::kCapacityChanged: return "the capacity changed to " + text_of(capacity_of(row));
    case EntryKind::kSemesterOpened: return "the semester was opened with " + text_of(capacity_of(row));
    case EntryKind::kSemesterClosed: return "the semester was closed";
    case EntryKind::kSemesterReopened: return "the semester was reopened";
  }
  return {};
}

}  // namespace dti
