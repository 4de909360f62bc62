#pragma once

#include <initializer_list>

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
