#include "domain/spreadsheet_table.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "domain/conversion_fault.hpp"
#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"

namespace dti {
namespace {

constexpr std::array<char, 4> kSeparators = {',', ';', '\t', '|'};

bool is_blank(const CsvRecord& record) {
  return !record.fault && std::all_of(record.cells.begin(), record.cells.end(),
                                      [](const auto& cell) { return tidy_name(cell).empty(); });
}

/// The first line, cut to a length that a message can show.
std::string first_line(std::string_view text) {
  constexpr std::size_t kShownMax = 80;
  auto line = text.substr(0, text.find_first_of("\r\n"));
  if (line.size() <= kShownMax) return std::string{line};
  line = line.substr(0, kShownMax);
  while ((line.back() & 0xC0) == 0x80) line.remove_suffix(1);
  return std::string{line.substr(0, line.size() - 1)} + "…";
}

/// Removes the line `sep=;` that Excel writes from the start of the text.
/// @return its separator; none if there is no such line
std::optional<char> take_separator_line(std::string_view& text, std::size_t& line) {
  const auto end = std::min(text.find_first_of("\r\n"), text.size());
  auto first = text.substr(0, end);
  if (first.size() >= 2 && first.front() == '"' && first.back() == '"') first = first.substr(1, first.size() - 2);
  if (first.size() < 5 || name_key(first.substr(0, 4)) != "sep=") return std::nullopt;
  const char separator = first[4];
  if (first.find_first_not_of(separator, 5) != first.npos) return std::nullopt;  // saved rows have one per column
  text.remove_prefix(end);
  text.remove_prefix(text.starts_with("\r\n") ? 2 : std::min<std::size_t>(text.size(), 1));
  ++line;
  return separator;
}

std::size_t count_needed(const std::vector<TableColumn>& columns) {
  return static_cast<std::size_t>(
      std::count_if(columns.begin(), columns.end(), [](const auto& column) { return column.is_needed; }));
}

/// How many of the needed columns the header has.
std::size_t count_found(const TableHeader& header, const std::vector<TableColumn>& columns) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].is_needed && header.places[i]) ++found;
  }
  return found;
}

bool is_complete(const TableHeader& header, const std::vector<TableColumn>& columns) {
  return count_found(header, columns) == count_needed(columns);
}

/// The column that a cell of the header names; the number of columns if it names none.
std::size_t column_of(const std::string& cell, const std::vector<TableColumn>& columns) {
  const auto word = name_key(without_invisible(cell));
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const TableColumn& column) {
    return std::find(column.spellings.begin(), column.spellings.end(), word) != column.spellings.end();
  });
  return static_cast<std::size_t>(found - columns.begin());
}

TableHeader read_header(const CsvRecord& record, const std::vector<TableColumn>& columns) {
  TableHeader header;
  header.places.resize(columns.size());
  header.width = record.cells.size();
  for (std::size_t i = 0; i < record.cells.size(); ++i) {
    header.words.push_back(tidy_name(without_invisible(record.cells[i])));
    const auto column = column_of(record.cells[i], columns);
    if (column == columns.size()) continue;
    auto& place = header.places[column];
    if (place) header.twice = header.words.back();
    place = i;
  }
  if (!is_complete(header, columns)) return header;  // only a complete header needs the width
  while (tidy_name(record.cells[header.width - 1]).empty()) --header.width;
  return header;
}

/// `, and has no program`; empty if the row is no header at all.
std::string missing_columns(const TableHeader& header, const std::vector<TableColumn>& columns) {
  if (count_found(header, columns) == 0) return {};
  std::string missing;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].is_needed && !header.places[i]) missing += (missing.empty() ? "" : " and no ") + columns[i].name;
  }
  return ", and has no " + missing;
}

/// The row as a header; none if it does not name all needed columns.
std::optional<TableHeader> header_again(const std::vector<TableColumn>& columns, const CsvRecord& row) {
  const auto needed = count_needed(columns);
  if (row.cells.size() < needed) return std::nullopt;
  // Nearly every row ends here, at one of its first cells: too few are left for the needed columns.
  auto others = row.cells.size() - needed;
  for (const auto& cell : row.cells) {
    if (column_of(cell, columns) == columns.size() && others-- == 0) return std::nullopt;
  }
  auto header = read_header(row, columns);
  if (!is_complete(header, columns)) return std::nullopt;
  return header;
}

}  // namespace

std::optional<CsvRecord> next_row(CsvReader& reader) {
  while (!reader.at_end()) {
    if (auto record = reader.next(); !is_blank(record)) return record;
  }
  return std::nullopt;
}

std::variant<Table, CatalogFault> find_table(std::string_view text, const std::vector<TableColumn>& columns,
                                             const std::string& needed) {
  std::size_t line = 1;
  const auto given = take_separator_line(text, line);

  std::optional<CsvRecord> best_row;
  std::optional<Table> best;
  for (const char separator : kSeparators) {
    if (given && *given != separator) continue;
    CsvReader reader{text, separator, line};
    auto row = next_row(reader);
    if (!row) return CatalogFault{1, 0, "the file is empty; " + needed};
    auto header = read_header(*row, columns);
    if (best && count_found(header, columns) <= count_found(best->header, columns)) continue;
    best_row = std::move(row);
    best = {reader, std::move(header)};
  }
  if (!best) return CatalogFault{1, 0, "the line sep= names none of the separators \",\", \";\", tab and \"|\""};
  if (best_row->fault) return *std::move(best_row->fault);
  if (best->header.twice) {
    return CatalogFault{best_row->line, 0, "the header has two columns " + *best->header.twice};
  }
  if (is_complete(best->header, columns)) return *std::move(best);
  return CatalogFault{best_row->line, 0,
                      needed + missing_columns(best->header, columns) +
                          "; it is: " + first_line(text.substr(std::min(text.find_first_not_of("\r\n"), text.size())))};
}

RowCheck check_row(const TableHeader& header, const std::vector<TableColumn>& columns, const CsvRecord& row) {
  if (row.fault) return {false, row.fault};
  if (const auto again = header_again(columns, row)) {
    if (again->places == header.places) return {true, {}};
    return {false,
            CatalogFault{row.line, 0, "the row is a header with its columns in another place: split the file here"}};
  }
  for (std::size_t i = header.width; i < row.cells.size(); ++i) {
    if (tidy_name(row.cells[i]).empty()) continue;
    return {false, CatalogFault{row.line, i + 1,
                                "the row has more cells than the header: a name with a separator in it needs quotes"}};
  }
  return {};
}

std::string cell_of(const TableHeader& header, std::size_t column, const CsvRecord& row) {
  const auto place = header.places[column];
  return place && *place < row.cells.size() ? tidy_name(row.cells[*place]) : std::string{};
}

std::optional<std::string> table_name_fault(const std::string& name) {
  if (name.empty()) return "is missing";
  if (auto fault = conversion_fault(name)) return fault;
  return name_fault(name, kNameBytesMax);
}

}  // namespace dti
