#pragma once

#include <initializer_list>
#include <vector>

#include "dti/service/office/semester_view.hpp"
#include "unit/service/fixtures.hpp"

namespace dti::fixtures {

inline StoredEntry opened_entry(const Capacity& capacity) {
  return {.row = row_of(opened(capacity)), .request_id = {}};
}

inline StoredEntry granted_entry(Seq seq, ProgramId program, const Want& want, const Grant& grant) {
  return {.row = row_of(granted(seq, program, want, grant)), .request_id = {}};
}

/// @param granted  the entry of the grant that it releases
inline StoredEntry released_entry(Seq seq, const StoredEntry& granted) {
  auto entry = granted;
  entry.row.seq = seq;
  entry.row.kind = stored_code(EntryKind::kReleased);
  entry.row.status = {};
  return entry;
}

inline StoredEntry capacity_entry(Seq seq, const Capacity& capacity) {
  auto entry = opened_entry(capacity);
  entry.row.seq = seq;
  entry.row.kind = stored_code(EntryKind::kCapacityChanged);
  return entry;
}

/// Two entries that replace a grant, of that cause.
inline std::vector<StoredEntry> replacing_entries(const StoredEntry& granted, Seq seq, Cause cause, const Want& want,
                                                  const Grant& grant, StoredNumber waits_since = {}) {
  auto released = released_entry(seq, granted);
  auto again = granted_entry(seq + 1, static_cast<ProgramId>(*granted.row.program_id), want, grant);
  again.row.generation = *granted.row.generation + 1;
  again.row.waits_since = waits_since;
  released.row.cause = again.row.cause = static_cast<std::int64_t>(cause);
  return {released, again};
}

inline StoredEntry wait_list_on_entry(Seq seq) {
  LedgerEntry entry;
  entry.seq = seq;
  entry.kind = EntryKind::kSetting;
  entry.setting = SemesterSetting::kWaitListOn;
  return {.row = row_of(entry), .request_id = {}};
}

inline StoredEntry quota_entry(Seq seq, FacultyId faculty, const Quota& quota) {
  LedgerEntry entry;
  entry.seq = seq;
  entry.kind = EntryKind::kQuotaSet;
  entry.faculty_id = faculty;
  entry.quota = quota;
  return {.row = row_of(entry), .request_id = {}};
}

inline StoredEntry closed_entry(Seq seq) {
  StoredEntry entry;
  entry.row.seq = seq;
  entry.row.kind = stored_code(EntryKind::kSemesterClosed);
  return entry;
}

inline SemesterView view_of(std::initializer_list<StoredEntry> entries) {
  SemesterView view;
  for (const auto& entry : entries) view.add(entry);
  return view;
}

}  // namespace dti::fixtures
