#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "domain/csv_reader.hpp"

namespace dti {

/// A column that a table may have.
struct TableColumn {
  std::string name;                         // for messages
  std::vector<std::string_view> spellings;  // name_key() of each word that names it in a header
  bool is_needed = false;
};

/// The first row of a table.
struct TableHeader {
  std::vector<std::optional<std::size_t>> places;  // by column: the index of its cells, if the table has it
  std::size_t width = 0;                           // cells of a complete header, without blank ones at the end
  std::vector<std::string> words;                  // of all cells, for messages
  std::optional<std::string> twice;                // a word that names a column again
};

/// A table whose header has all needed columns.
struct Table {
  CsvReader rows;  // those below the header
  TableHeader header;
};

/// Finds the header, and the separator that fits it best: a comma, a semicolon, a tab or a bar. A line `sep=;` before
/// the header names the separator.
/// @param text  must outlive the table
/// @param needed  the sentence that tells which columns are needed
[[nodiscard]] std::variant<Table, CatalogFault> find_table(std::string_view text,
                                                           const std::vector<TableColumn>& columns,
                                                           const std::string& needed);

/// The next row that is not blank; none if there is none.
[[nodiscard]] std::optional<CsvRecord> next_row(CsvReader& reader);

/// What a row below the header is.
struct RowCheck {
  bool is_header = false;             // the header again, which a file of several pages may have
  std::optional<CatalogFault> fault;  // the row cannot be read, or does not fit the header
};
[[nodiscard]] RowCheck check_row(const TableHeader& header, const std::vector<TableColumn>& columns,
                                 const CsvRecord& row);

/// The text of the row in a column, without white space around; empty if the row ends before.
[[nodiscard]] std::string cell_of(const TableHeader& header, std::size_t column, const CsvRecord& row);

/// Why a cell cannot be the name of a faculty or a program, as the rest of a sentence; none if it can be.
[[nodiscard]] std::optional<std::string> table_name_fault(const std::string& name);

}  // namespace dti
