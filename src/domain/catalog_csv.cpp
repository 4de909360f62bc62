#include <cstddef>
#include <optional>
#include <utility>

#include "domain/csv_reader.hpp"
#include "domain/spreadsheet_table.hpp"
#include "domain/spreadsheet_text.hpp"
#include "dti/domain/catalog.hpp"

namespace dti {
namespace {

constexpr std::size_t kFaculty = 0;
constexpr std::size_t kProgram = 1;
const std::vector<TableColumn>& columns() {
  static const std::vector<TableColumn> kColumns = {{"faculty", {"faculty", "facultad"}, true},
                                                    {"program", {"program", "programa"}, true}};
  return kColumns;
}

/// Reads the rows below the header, and collects their errors.
class RowReader {
 public:
  explicit RowReader(TableHeader header) : header_(std::move(header)) {}

  void read(const CsvRecord& record) {
    auto check = check_row(header_, columns(), record);
    if (check.fault) return add(*std::move(check.fault), record);
    if (check.is_header) return;
    const auto faculty = read_name(record, kFaculty);
    const auto program = read_name(record, kProgram);
    if (faculty && program) place({*faculty, *program, record.line});
  }

  CatalogReading finish(bool is_windows_1252) {
    return {{std::move(rows_), is_windows_1252},
            std::move(faults_),
            header_.words[*header_.places[kFaculty]],
            header_.words[*header_.places[kProgram]]};
  }

 private:
  std::optional<std::string> read_name(const CsvRecord& record, std::size_t column) {
    auto name = cell_of(header_, column, record);
    const auto fault = table_name_fault(name);
    if (!fault) return name;
    add(record.line, column, std::move(name), "the " + columns()[column].name + ' ' + *fault);
    return std::nullopt;
  }

  void add(CatalogFault fault, const CsvRecord& row) {
    if (fault.column > 0 && fault.column <= header_.words.size()) fault.heading = header_.words[fault.column - 1];
    if (fault.column > 0 && fault.column <= row.cells.size()) fault.value = row.cells[fault.column - 1];
    faults_.push_back(std::move(fault));
  }

  void add(std::size_t line, std::size_t column, std::string value, std::string reason) {
    const auto place = *header_.places[column];
    faults_.push_back({line, place + 1, std::move(reason), header_.words[place], std::move(value)});
  }

  void place(CatalogRow row) {
    using Kind = Catalog::Placing::Kind;
    const auto placed = catalog_.place(row);
    switch (placed.kind) {
      case Kind::kNew:
        if (placed.program.faculty_id > faculty_lines_.size()) faculty_lines_.push_back(row.line);
        catalog_.put(placed.program);
        return rows_.push_back(std::move(row));
      case Kind::kKnown: return;
      case Kind::kFacultyClash:
        return add(row.line, kFaculty, row.faculty,
                   clash("faculty", row.faculty, catalog_.faculty_name(placed.other), faculty_lines_[placed.other - 1],
                         placed.only_looks_like));
      case Kind::kProgramClash:
        return add(row.line, kProgram, row.program,
                   clash("program", row.program, catalog_.program_name(placed.other), rows_[placed.other - 1].line,
                         placed.only_looks_like));
    }
  }

  static std::string clash(const std::string& what, const std::string& name, const std::string& other, std::size_t line,
                           bool only_looks_like) {
    const auto [one, two] = shown_apart(name, other);
    return "the " + what + " " + one + (only_looks_like ? " looks like " : " is the same name as ") + two +
           " in line " + std::to_string(line) + (only_looks_like ? ", with other letters" : "") + ": use one spelling";
  }

  TableHeader header_;
  Catalog catalog_;                         // of this file
  std::vector<std::size_t> faculty_lines_;  // by FacultyId - 1: the first line of each faculty
  std::vector<CatalogRow> rows_;            // by ProgramId - 1
  std::vector<CatalogFault> faults_;
};

CatalogReading one_fault(CatalogFault fault) {
  CatalogReading reading;
  reading.faults.push_back(std::move(fault));
  return reading;
}

}  // namespace

std::variant<CatalogFile, CatalogFaults> parse_catalog(std::string_view bytes) {
  auto reading = read_catalog_file(bytes);
  if (reading.faults.empty()) return std::move(reading.file);
  CatalogFaults faults;
  for (auto& fault : reading.faults) faults.add(std::move(fault));
  return faults;
}

CatalogReading read_catalog_file(std::string_view bytes) {
  auto decoded = read_spreadsheet_text(bytes);
  if (auto* const fault = std::get_if<CatalogFault>(&decoded)) return one_fault(std::move(*fault));
  const auto& [text, is_windows_1252] = std::get<SpreadsheetText>(decoded);
  auto found =
      find_table(text, columns(), "the first row must name the columns faculty and program (or facultad and programa)");
  if (auto* const fault = std::get_if<CatalogFault>(&found)) return one_fault(std::move(*fault));
  auto& table = std::get<Table>(found);

  RowReader rows{std::move(table.header)};
  while (auto row = next_row(table.rows)) rows.read(*row);
  return rows.finish(is_windows_1252);
}

}  // namespace dti
