#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "dti/domain/catalog.hpp"
#include "dti/service/ledger/ledger_replay.hpp"

namespace dti {

/// The result of checking a stored catalogue.
struct CatalogCheck {
  std::size_t faculties = 0;   // with at least one program
  std::size_t older_keys = 0;  // keys of another Unicode version or an earlier dti version, which are accepted
  std::optional<StoreDifference> difference;
};

/// Tells whether a stored key belongs to a name, as check_catalog() accepts it.
[[nodiscard]] bool is_key_of(std::string_view name, std::string_view stored);

/// Checks that the ids are dense (programs 1, 2, 3 …, faculties in the order in which the programs name them), that no
/// two keys are equal, and that each key belongs to its name (name_key() or separated_key()). A key never changes: a
/// key of an older Unicode version or an earlier dti version is accepted if this version computes the same key for the
/// stored key and for the name. It stops at the first difference.
[[nodiscard]] CatalogCheck check_catalog(const std::vector<CatalogProgram>& programs);

}  // namespace dti
