#pragma once

#include <functional>
#include <string>
#include <vector>

#include "dti/cli/lists/column.hpp"
#include "dti/service/office/semester_view.hpp"
#include "dti/service/office/store_names.hpp"
#include "dtictl/office/office_store.hpp"

namespace dti {

/// A grant that stands, with its names.
struct HoldingRow {
  std::string semester;
  ProgramName name;
  Holding holding;
};

/// The columns of `dtictl grant list`. Source: docs/settings.md, Lists.
[[nodiscard]] std::vector<Column<HoldingRow>> holding_columns();
/// The columns of `dtictl alerts`.
[[nodiscard]] std::vector<Column<HoldingRow>> lacking_columns();

/// Prints the grants that stand in the semester and the faculty of the options, in the order in which they were granted.
/// @param is_listed  whether the list has that grant
/// @throws Unanswerable; StorageError
void print_holdings(const ReadCommand& command, const OfficeOptions& options,
                    const std::vector<Column<HoldingRow>>& columns,
                    const std::function<bool(const Holding&)>& is_listed);

}  // namespace dti
