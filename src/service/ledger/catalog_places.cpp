#include "dti/service/ledger/catalog_places.hpp"

#include <algorithm>

#include "dti/service/ledger/registry.hpp"

namespace dti {

void CatalogPlaces::add(const RegistryEntry& entry) {
  if (!entry.faculty_id) return;
  of_faculties[*entry.faculty_id] = entry.seq;
  if (entry.kind == static_cast<std::int64_t>(RegistryKind::kFacultyAdded)) last_faculty = entry.seq;
}

Seq CatalogPlaces::last() const {
  Seq last = 0;
  for (const auto& [faculty, seq] : of_faculties) last = std::max(last, seq);
  return last;
}

Seq CatalogPlaces::touched_by(const std::vector<CatalogRow>& rows, const Catalog& catalog) const {
  if (rows.empty()) return last();
  Seq touched = 0;
  const CatalogRow* before = nullptr;  // rows of one faculty follow each other
  for (const auto& row : rows) {
    if (before != nullptr && before->faculty == row.faculty) continue;
    before = &row;
    const auto found = of_faculties.find(catalog.find_faculty(row.faculty));
    touched = std::max(touched, found == of_faculties.end() ? last_faculty : found->second);
  }
  return touched;
}

}  // namespace dti
