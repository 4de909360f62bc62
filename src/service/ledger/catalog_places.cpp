#include "dti/service/ledger/catalog_places.hpp"

#include <algorithm>

#include "dti/service/ledger/registry.hpp"

namespace dti {

void CatalogPlaces::add(const RegistryEntry& entry) {
  if (!entry.faculty_id) return;
  of_faculties[*entry.faculty_id] = entry.seq;
  if (entry.kind == static_cast<std::int64_t>(RegistryKind::kFacultyAdded)) last_faculty = entry.seq;
}

void CatalogPlaces::replace(const RegistryRange& range, Seq seq) {
  const auto take = [&](Seq& place) {
    if (range.first <= place && place <= range.last) place = seq;
  };
  take(last_faculty);
  for (auto& [faculty, place] : of_faculties) take(place);
}

Seq CatalogPlaces::touched_by(const std::vector<CatalogRow>& rows, const Catalog& catalog) const {
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
