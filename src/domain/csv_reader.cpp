#include "domain/csv_reader.hpp"

#include <algorithm>

#include "dti/base/formula_mark.hpp"

namespace dti {
namespace {

/// The text of a cell that was in quotes. Excel writes `="007"` for the text 007.
std::string text_of(std::string_view cell) {
  if (cell.size() < 3 || !cell.starts_with("=\"") || !cell.ends_with('"')) return without_formula_mark(cell);
  std::string text;
  for (std::size_t i = 2; i + 1 < cell.size(); ++i) {
    text += cell[i];
    if (cell[i] == '"' && i + 2 < cell.size() && cell[i + 1] == '"') ++i;
  }
  return text;
}

}  // namespace

CsvRecord CsvReader::next() {
  CsvRecord record{line_, {}, {}};
  do {
    record.fault = read_cell(record);
    if (record.fault) {
      skip_line();
      return record;
    }
  } while (take({&separator_, 1}));
  take_line_end();
  return record;
}

bool CsvReader::take(std::string_view text) {
  if (!rest_.starts_with(text)) return false;
  rest_.remove_prefix(text.size());
  return true;
}

bool CsvReader::take_line_end() {
  if (!take("\r\n") && !take("\n") && !take("\r")) return false;
  ++line_;
  return true;
}

void CsvReader::skip_blanks() {
  while (!rest_.empty() && rest_.front() != separator_ && (rest_.front() == ' ' || rest_.front() == '\t')) {
    rest_.remove_prefix(1);
  }
}

void CsvReader::skip_line() {
  rest_.remove_prefix(std::min(rest_.find_first_of("\r\n"), rest_.size()));
  take_line_end();
}

std::optional<CatalogFault> CsvReader::read_cell(CsvRecord& record) {
  skip_blanks();
  if (take("=\"") || take("\"")) return read_quoted(record);
  const char ends[] = {separator_, '\r', '\n', '"'};
  const auto end = std::min(rest_.find_first_of({ends, sizeof ends}), rest_.size());
  record.cells.push_back(without_formula_mark(rest_.substr(0, end)));
  rest_.remove_prefix(end);
  if (rest_.starts_with('"')) {
    const auto column = record.cells.size();
    return CatalogFault{line_, column,
                        "a quote inside a cell that is not quoted: put the cell in quotes, and double those in it"};
  }
  return std::nullopt;
}

/// Reads the rest of a cell after its first quote.
std::optional<CatalogFault> CsvReader::read_quoted(CsvRecord& record) {
  const auto opened = line_;
  const auto column = record.cells.size() + 1;
  std::string cell;
  for (;;) {
    if (rest_.empty()) return CatalogFault{opened, column, "a quote that is never closed"};
    const auto before = rest_;
    if (take_line_end()) {
      cell += before.substr(0, before.size() - rest_.size());
      continue;
    }
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '"' && !take("\"")) break;
    cell += c;
  }
  record.cells.push_back(text_of(cell));
  skip_blanks();
  if (rest_.empty() || rest_.front() == separator_ || rest_.front() == '\r' || rest_.front() == '\n')
    return std::nullopt;
  const auto where = opened == line_ ? "" : " that was opened in line " + std::to_string(opened);
  return CatalogFault{line_, column, "text after the closing quote of a cell" + where};
}

}  // namespace dti
