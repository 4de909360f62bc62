#pragma once

#include <span>
#include <string>
#include <vector>

#include "dti/cli/lists/column.hpp"

namespace dti {

/// The cell in a table: one line that cannot control a terminal; `-` if there is no value.
[[nodiscard]] std::string table_text(const Cell& cell);

/// A line of CSV (RFC 4180) with its line end, which is LF: shells, cut and awk would take a CR for a part of the last
/// cell, and each reader of CSV accepts LF. A text that a spreadsheet would run as a formula gets a ' before it, as in
/// the results of clients/python/examples. Control characters other than tabs and line ends become escapes.
[[nodiscard]] std::string csv_line(std::span<const Cell> cells);

/// A row as a JSON object in one line, without line end. Times are texts; no value is null.
[[nodiscard]] std::string json_object(const std::vector<ColumnHead>& columns, std::span<const Cell> cells);

}  // namespace dti
