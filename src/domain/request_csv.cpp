#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "domain/cell_number.hpp"
#include "domain/csv_reader.hpp"
#include "domain/spreadsheet_table.hpp"
#include "domain/spreadsheet_text.hpp"
#include "dti/domain/request_file.hpp"

namespace dti {
namespace {

enum Place : std::size_t { kFaculty, kProgram, kClassrooms, kLabs, kWeight, kClass, kFloor };

const std::vector<TableColumn>& columns() {
  static const std::vector<TableColumn> kColumns = {
      {"faculty", {"faculty", "facultad"}, true},
      {"program", {"program", "programa"}, true},
      {"classrooms", {"classrooms", "classroomswanted", "salones", "aulas"}, true},
      {"labs", {"labs", "labswanted", "laboratories", "laboratorios"}, true},
      {"weight", {"weight", "peso"}},
      {"class", {"class", "priority", "priorityclass", "clase", "prioridad"}},
      {"floor", {"floor", "minimum", "m\u00EDnimo", "minimo"}},
  };
  return kColumns;
}

/// Reads the rows below the header, and collects their errors.
class RequestRows {
 public:
  RequestRows(TableHeader header, const Catalog& catalog)
      : header_(std::move(header)), catalog_(catalog), line_of_(catalog.size()) {
    file_.has_weights = header_.places[kWeight].has_value();
    file_.has_classes = header_.places[kClass].has_value();
    file_.has_floors = header_.places[kFloor].has_value();
  }

  void read(const CsvRecord& row) {
    const auto check = check_row(header_, columns(), row);
    if (check.fault) return add(*check.fault, row);
    if (check.is_header) return;
    const auto faults_before = faults_.size();
    Ask ask;
    ask.program = read_program(row);
    ask.want.classrooms = read_number(row, kClassrooms, 0, kQuantityMax);
    ask.want.labs = read_number(row, kLabs, 0, kQuantityMax);
    ask.weight = read_optional(row, kWeight, 1, kWeightMax, ask.weight);
    ask.priority_class = static_cast<int>(read_optional(row, kClass, 0, kPriorityClassMax, ask.priority_class));
    ask.floor = read_optional(row, kFloor, 0, kRoomsMax, ask.floor);
    if (faults_.size() > faults_before) return;
    ask.arrival = static_cast<Seq>(file_.asks.size()) + 1;
    ask.lot = file_.asks.size() + 1;
    file_.asks.push_back(ask);
    file_.lines.push_back(row.line);
  }

  std::variant<RequestFile, RequestFaults> finish(bool is_windows_1252) {
    if (file_.asks.empty() && faults_.empty()) {
      faults_.push_back({1, "", "", "the file has no row below its header"});
    }
    if (!faults_.empty()) return std::move(faults_);
    file_.is_windows_1252 = is_windows_1252;
    return std::move(file_);
  }

 private:
  void add(const CatalogFault& fault, const CsvRecord& row) {
    const auto index = fault.column - 1;
    const bool is_known = fault.column > 0 && index < header_.words.size();
    const bool has_cell = fault.column > 0 && index < row.cells.size();
    faults_.push_back(
        {fault.line, is_known ? header_.words[index] : "", has_cell ? row.cells[index] : "", fault.reason});
  }

  void add(const CsvRecord& row, std::size_t column, std::string value, std::string reason) {
    faults_.push_back({row.line, header_.words[*header_.places[column]], std::move(value), std::move(reason)});
  }

  /// @return 0 if there is a fault
  ProgramId read_program(const CsvRecord& row) {
    const auto faculty = find_faculty(row);
    auto name = cell_of(header_, kProgram, row);
    if (auto fault = table_name_fault(name)) {
      add(row, kProgram, std::move(name), *std::move(fault));
      return 0;
    }
    if (faculty == 0) return 0;
    const auto program = catalog_.find_program(faculty, name);
    if (program == 0) {
      const auto meanings = catalog_.program_meanings(faculty, name);
      add(row, kProgram, std::move(name),
          "is no program of the faculty " + catalog_.faculty_name(faculty) + (meanings.empty() ? "" : ": " + meanings));
      return 0;
    }
    if (catalog_.is_retired(program)) {
      add(row, kProgram, std::move(name), "is retired: it gets no new rooms");
      return 0;
    }
    auto& line = line_of_[program - 1];
    if (line != 0) add(row, kProgram, std::move(name), "is the same program as in line " + std::to_string(line));
    if (line == 0) line = row.line;
    return program;
  }

  /// @return 0 if there is a fault
  FacultyId find_faculty(const CsvRecord& row) {
    auto name = cell_of(header_, kFaculty, row);
    if (name == last_faculty_name_ && last_faculty_ != 0) return last_faculty_;  // files are sorted by faculty
    if (auto fault = table_name_fault(name)) {
      add(row, kFaculty, std::move(name), *std::move(fault));
      return 0;
    }
    const auto faculty = catalog_.find_faculty(name);
    if (faculty == 0) {
      const auto why = catalog_.why_no_faculty(name);
      add(row, kFaculty, std::move(name), "is no faculty of the catalogue" + (why.empty() ? "" : ": " + why));
      return 0;
    }
    last_faculty_name_ = std::move(name);
    last_faculty_ = faculty;
    return faculty;
  }

  Quantity read_number(const CsvRecord& row, std::size_t column, Quantity min, Quantity max) {
    auto cell = cell_of(header_, column, row);
    auto read = read_cell_number(cell, min, max);
    if (const auto* number = std::get_if<Quantity>(&read)) return *number;
    auto& reason = std::get<std::string>(read);
    if (cell.empty()) reason += ": write 0 if the program wants none";
    add(row, column, std::move(cell), std::move(reason));
    return min;
  }

  Quantity read_optional(const CsvRecord& row, std::size_t column, Quantity min, Quantity max, Quantity otherwise) {
    if (!header_.places[column] || cell_of(header_, column, row).empty()) return otherwise;
    return read_number(row, column, min, max);
  }

  TableHeader header_;
  const Catalog& catalog_;
  std::vector<std::size_t> line_of_;  // by ProgramId - 1: the line of its request; 0: it has none so far
  std::string last_faculty_name_;
  FacultyId last_faculty_ = 0;
  RequestFile file_;
  RequestFaults faults_;
};

RequestFaults one_fault(CatalogFault fault) { return {{fault.line, "", "", std::move(fault.reason)}}; }

}  // namespace

std::variant<RequestFile, RequestFaults> parse_requests(std::string_view bytes, const Catalog& catalog) {
  auto decoded = read_spreadsheet_text(bytes);
  if (auto* const fault = std::get_if<CatalogFault>(&decoded)) return one_fault(std::move(*fault));
  const auto& [text, is_windows_1252] = std::get<SpreadsheetText>(decoded);
  auto found = find_table(text, columns(),
                          "the first row must name the columns faculty, program, classrooms and labs (or facultad, "
                          "programa, salones and laboratorios)");
  if (auto* const fault = std::get_if<CatalogFault>(&found)) return one_fault(std::move(*fault));
  auto& table = std::get<Table>(found);

  RequestRows rows{std::move(table.header), catalog};
  while (auto row = next_row(table.rows)) rows.read(*row);
  return rows.finish(is_windows_1252);
}

}  // namespace dti
