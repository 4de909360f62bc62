#include "dti/service/ledger/ledger_reader.hpp"

namespace dti {

std::vector<StoredEntry> entries_of_grant(std::vector<StoredEntry> entries, ProgramId program,
                                          std::int32_t generation) {
  const StoredNumber newest{generation};
  auto first = newest;  // after the loop: the one that was asked or amended, if the newest one was topped up
  StoredNumber last_asked;
  for (const auto& entry : entries) {
    const auto& row = entry.row;
    if (row.kind != stored_code(EntryKind::kGranted) || row.program_id != StoredNumber{program}) continue;
    if (!is_topped_up(row)) last_asked = row.generation;
    if (row.generation == newest) first = last_asked;
  }
  std::erase_if(entries, [&](const StoredEntry& entry) {
    const auto& row = entry.row;
    if (row.program_id != StoredNumber{program} || !row.generation) return true;
    if (row.generation == newest || row.generation == first) return false;
    const bool is_of_hold =
        row.kind == stored_code(EntryKind::kConfirmed) || row.kind == stored_code(EntryKind::kHoldExtended);
    return !is_of_hold || !first || *row.generation < *first || *row.generation > generation;
  });
  return entries;
}

std::vector<SemesterHead> heads_of(const std::vector<StoredSemester>& semesters) {
  std::vector<SemesterHead> heads;
  for (const auto& semester : semesters) {
    if (semester.is_open) heads.push_back({semester.id, semester.name, semester.head});
  }
  return heads;
}

}  // namespace dti
