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

std::string wants_text(const LedgerRow& row) {
  switch (static_cast<Cause>(number(row.cause))) {
    case Cause::kAmended: return " now wants ";
    case Cause::kToppedUp: return " waited for ";
    case Cause::kConfirmedInPart: return " confirmed its hold for ";
    case Cause::kRound: return " asked in a round for ";
    default: return " asked for ";
  }
}

std::string release_text(const LedgerRow& row) {
  switch (static_cast<Cause>(number(row.cause))) {
    case Cause::kAmended: return ", because its grant was amended";
    case Cause::kToppedUp: return ", because its grant was topped up";
    case Cause::kConfirmedInPart: return ", because its hold was confirmed with smaller numbers";
    case Cause::kCancelled: return ", because its hold was cancelled";
    case Cause::kExpired: return ", because its hold has expired";
    default: return {};
  }
}

std::string limit_text(const char* rooms, StoredNumber limit, StoredNumber is_soft) {
  if (!limit) return std::string{"no limit of "} + rooms;
  return "at most " + std::to_string(*limit) + ' ' + rooms + (number(is_soft) != 0 ? " (soft)" : "");
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
             (number(row.status) == 0 ? "all: " : "less: ") + text_of(grant_of(row)) +
             (row.expires_at ? ", as a hold" : "");
    case EntryKind::kSetting:
      return std::string{"the wait list was turned "} +
             (number(row.setting) == static_cast<std::int64_t>(SemesterSetting::kWaitListOn) ? "on" : "off");
    case EntryKind::kWaitingLeft: return subject_of(row, program) + " left the wait list";
    case EntryKind::kReleased:
      return subject_of(row, program) + " gave back " + text_of(grant_of(row)) + release_text(row);
    case EntryKind::kConfirmed: return subject_of(row, program) + " confirmed its hold";
    case EntryKind::kHoldExtended: return "the hold of " + subject_of(row, program) + " lasts longer";
    case EntryKind::kQuotaSet:
      return "the quota of " +
             (program != nullptr ? program->faculty : "faculty " + std::to_string(number(row.faculty_id))) +
             " is now " + limit_text("classrooms", row.classrooms_limit, row.classrooms_limit_is_soft) + " and " +
             limit_text("labs", row.labs_limit, row.labs_limit_is_soft);
    case EntryKind::kRound: return "a round was held: " + row.terms.value_or("");
    case EntryKind::kRoundOpened: return "a round was opened: " + row.terms.value_or("");
    case EntryKind::kCapacityChanged: return "the capacity changed to " + text_of(capacity_of(row));
    case EntryKind::kSemesterOpened: return "the semester was opened with " + text_of(capacity_of(row));
    case EntryKind::kSemesterClosed: return "the semester was closed";
    case EntryKind::kSemesterReopened: return "the semester was reopened";
  }
  return {};
}

}  // namespace dti
