#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dti/cli/lists/column.hpp"
#include "dti/service/ledger/stored_rows.hpp"
#include "dti/service/office/ledger_tail.hpp"
#include "dti/service/office/store_names.hpp"

namespace dti {

/// An entry of a ledger, with its names.
struct EntryRow {
  std::string semester;
  StoredEntry entry;
  std::optional<ProgramName> name;  // none: the entry is about no program
  std::optional<CommandNote> note;  // of the command that wrote it; the last entry of a command has it
  bool stands = false;              // of `dtictl grant show`: the program holds this grant now
};

/// @param names  must have each program up to the one of the entry
[[nodiscard]] EntryRow row_of(const StoredSemester& semester, const StoredEntry& entry, const StoreNames& names,
                              const Notes& notes);

/// The columns of `dtictl history`. A table has only those that people read. Source: docs/settings.md, Lists.
[[nodiscard]] std::vector<Column<EntryRow>> entry_columns();

/// The columns of `dtictl grant show`: those of `dtictl history`, and whether the grant stands.
[[nodiscard]] std::vector<Column<EntryRow>> entry_columns_of_program();

}  // namespace dti
