#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "dti/domain/catalog.hpp"
#include "dti/service/ledger/stored_rows.hpp"

namespace dti {

struct RegistryEntry;

/// The entries of the registry that one command has written.
struct RegistryRange {
  Seq first = 0;
  Seq last = 0;

  friend bool operator==(const RegistryRange&, const RegistryRange&) = default;
};

/// The last entries of the registry about the parts of the catalogue. A change of the catalogue depends on the parts that
/// it touches, and on nothing else. Source: docs/adr/0030-plans-of-the-catalogue.md
struct CatalogPlaces {
  Seq last_faculty = 0;                      // of the entries that added a faculty; 0: there is none
  std::map<std::int64_t, Seq> of_faculties;  // by id: of the entries about the faculty or one of its programs

  /// @param entry  the next one of the registry
  void add(const RegistryEntry& entry);

  /// Takes `seq` for each entry in the range.
  void replace(const RegistryRange& range, Seq seq);

  /// The last entry about what an addition of programs touches: their faculties and, if it adds a faculty, the list of the
  /// faculties, because whether two names look alike depends on these. 0: there is none.
  [[nodiscard]] Seq touched_by(const std::vector<CatalogRow>& rows, const Catalog& catalog) const;

  friend bool operator==(const CatalogPlaces&, const CatalogPlaces&) = default;
};

}  // namespace dti
