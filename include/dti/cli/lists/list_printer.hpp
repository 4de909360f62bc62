#pragma once

#include <ostream>
#include <vector>

#include "dti/cli/lists/column.hpp"
#include "dti/cli/lists/list_settings.hpp"
#include "dti/cli/lists/list_writer.hpp"

namespace dti {

/// Prints rows of one type with the columns and in the format that the user chose.
template <class Row>
class ListPrinter {
 public:
  /// @param out  as for ListWriter
  ListPrinter(std::ostream& out, const ListChoice& choice, const std::vector<Column<Row>>& columns)
      : columns_(chosen(choice, columns)), writer_(out, choice.format, heads_of(columns_)) {}

  void add(const Row& row) {
    cells_.clear();
    for (const auto& column : columns_) cells_.push_back(column.value(row));
    writer_.add(cells_);
  }

  /// Passes on the rows that wait: see ListWriter::flush().
  void flush() { writer_.flush(); }

  /// Must be called once, after the last row.
  void finish() { writer_.finish(); }

 private:
  static std::vector<Column<Row>> chosen(const ListChoice& choice, const std::vector<Column<Row>>& columns) {
    std::vector<Column<Row>> found;
    for (const auto index : choice.columns) found.push_back(columns[index]);
    return found;
  }

  const std::vector<Column<Row>> columns_;
  ListWriter writer_;
  std::vector<Cell> cells_;  // of the current row; kept so that its memory is used again
};

/// Prints one row: as a table that has a line for each column, as CSV with a header, or as a JSON object.
template <class Row>
void print_record(std::ostream& out, const ListChoice& choice, const std::vector<Column<Row>>& columns,
                  const Row& row) {
  std::vector<ColumnHead> heads;
  std::vector<Cell> cells;
  for (const auto index : choice.columns) {
    heads.push_back(columns[index].head);
    cells.push_back(columns[index].value(row));
  }
  write_record(out, choice.format, heads, cells);
}

}  // namespace dti
