#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "dti/domain/catalog.hpp"
#include "dti/domain/office_command.hpp"
#include "dti/service/ledger/ledger_reader.hpp"
#include "dti/service/ledger/ledger_writer.hpp"

namespace dti {

/// Programs that are to be added or changed, and the outcome once they are. The change has no epoch and no time yet.
struct CatalogAddition {
  CatalogChange change;
  OfficeOutcome outcome;
};

using WaitsIn = std::function<std::optional<std::string>(ProgramId)>;

/// Decides a command that changes the catalogue. Pure: the catalogue changes when the programs are stored.
/// @param catalog  of the committed state
/// @param state  as the store has it
/// @param waits_in  the semester in whose wait list a program has a place; none: it has none
/// @return the outcome if nothing is to be written: an error, a repeat, a dry run, or nothing that changes
/// @throws StorageError  kInvariant: the store has another number of programs than the catalogue
/// Source: docs/adr/0030-plans-of-the-catalogue.md
[[nodiscard]] std::variant<CatalogAddition, OfficeOutcome> decide_catalog(const OfficeCommand& command,
                                                                          const Catalog& catalog,
                                                                          const CatalogState& state,
                                                                          const WaitsIn& waits_in);

}  // namespace dti
