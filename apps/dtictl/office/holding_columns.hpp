#pragma once

#include <cstdint>
#include <functional>
#include <optional>
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
  std::optional<std::int64_t> position = {};    // among the programs that wait; none: it does not wait
  std::optional<std::string> passed_over = {};  // the reason; none: it does not wait, or can use something
};

/// The columns of `dtictl grant list`. Source: docs/settings.md, Lists.
[[nodiscard]] std::vector<Column<HoldingRow>> holding_columns();
/// The columns of `dtictl alerts`.
[[nodiscard]] std::vector<Column<HoldingRow>> lacking_columns();
/// The columns of `dtictl hold list`.
[[nodiscard]] std::vector<Column<HoldingRow>> hold_columns();
/// The columns of `dtictl wait list`.
[[nodiscard]] std::vector<Column<HoldingRow>> waiting_columns();

/// Prints grants that stand in the semester and the faculty of the options.
/// @param listed  gives them in the order of the list
/// @throws Unanswerable; StorageError
void print_holdings(const ReadCommand& command, const OfficeOptions& options,
                    const std::vector<Column<HoldingRow>>& columns,
                    const std::function<std::vector<Holding>(const SemesterView&)>& listed);

}  // namespace dti
