#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "dti/domain/catalog.hpp"
#include "dti/service/ledger/ledger_replay.hpp"

namespace dti {

/// The result of checking a stored catalogue.
struct CatalogCheck {
  std::size_t faculties = 0;   // that have programs
  std::size_t older_keys = 0;  // keys of another Unicode or an earlier version, which stand
  std::optional<StoreDifference> difference;
};

/// Is the catalogue dense (programs 1, 2, 3 …, faculties in the order in which programs name them), each key its own,
/// and each the key of its name (name_key() or separated_key())? A key is stored once and for all: what an older Unicode
/// or an earlier version made of a name beyond ASCII stands as long as this one makes the same of both. Looks as far as the first difference.
[[nodiscard]] CatalogCheck check_catalog(const std::vector<CatalogProgram>& programs);

}  // namespace dti
