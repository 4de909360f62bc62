#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dti/domain/catalog.hpp"

namespace dti {

/// One row of a file. If there is a fault, `cells` has the cells before it.
struct CsvRecord {
  std::size_t line = 1;  // the line in which the row starts
  std::vector<std::string> cells;
  std::optional<CatalogFault> fault;
};

/// Reads CSV (RFC 4180) row by row, with any separator and line end. It also accepts two additions of Excel: `="text"`,
/// and blanks around quotes. It takes the mark of formula_mark.hpp away.
class CsvReader {
 public:
  /// @param text  must outlive the reader
  CsvReader(std::string_view text, char separator, std::size_t line = 1)
      : rest_(text), separator_(separator), line_(line) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  /// Reads the next row; there must be one. After a fault, the reader continues with the next line.
  [[nodiscard]] CsvRecord next();

 private:
  bool take(std::string_view text);
  bool take_line_end();
  void skip_blanks();
  void skip_line();
  [[nodiscard]] std::optional<CatalogFault> read_cell(CsvRecord& record);
  [[nodiscard]] std::optional<CatalogFault> read_quoted(CsvRecord& record);

  std::string_view rest_;
  char separator_;
  std::size_t line_;
};

}  // namespace dti
