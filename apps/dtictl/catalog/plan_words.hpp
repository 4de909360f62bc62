#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dti/domain/catalog_plan.hpp"

namespace dti {

/// The errors of a file, a line each, and their number.
[[nodiscard]] std::string fault_lines(const std::string& file, const std::vector<CatalogFault>& faults);

/// The name that a new one looks like; empty if there is none.
[[nodiscard]] std::string alike_text(const PlannedProgram& planned);

/// What the reader of the list should know beside it, a line each.
/// @param output  the file that has the plan
[[nodiscard]] std::string plan_summary(const CatalogPlan& plan, const CatalogComparison& comparison,
                                       bool is_windows_1252, const std::optional<std::string>& output);

}  // namespace dti
