#pragma once

#include <cstddef>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "dti/cli/lists/column.hpp"

namespace dti {

enum class ListFormat { kTable, kCsv, kJson, kJsonLines };

/// Writes the rows of a list, each as soon as it is added. Only a table keeps rows, at most kRowsMeasured of them, to
/// find the widths of its columns. It has no colours and cuts nothing, so it is the same on a terminal and in a pipe.
/// Source: docs/settings.md, Lists.
class ListWriter {
 public:
  /// Enough for the lists that people read. A later, wider cell moves the rest of its line to the right.
  static constexpr std::size_t kRowsMeasured = 1'000;

  /// @param out  must outlive this object. If a write fails, the stream says so; the caller checks it.
  ListWriter(std::ostream& out, ListFormat format, std::vector<ColumnHead> columns);

  /// @param cells  one for each column, each of the column's kind or without value
  void add(std::span<const Cell> cells);

  /// Writes the rows that wait for the widths of a table's columns; the widths are final then. Flushes the stream.
  void flush();

  /// Ends the list. Must be called once, after the last row.
  void finish();

 private:
  void write_table_line(const std::vector<std::string>& texts);
  void write_measured_rows();

  // Fixed after construction.
  std::ostream& out_;
  const ListFormat format_;
  const std::vector<ColumnHead> columns_;

  std::size_t rows_ = 0;  // added so far
  // Of a table only. The lines that wait for the widths are the header and the first rows.
  bool is_measuring_ = true;
  std::vector<std::vector<std::string>> measured_;
  std::vector<std::size_t> widths_;
};

/// Writes one row: as a table that has a line for each column, as CSV with a header, or as a JSON object.
void write_record(std::ostream& out, ListFormat format, const std::vector<ColumnHead>& columns,
                  std::span<const Cell> cells);

}  // namespace dti
