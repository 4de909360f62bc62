#include "dtictl/office/holding_columns.hpp"

#include <iostream>
#include <unordered_map>
#include <utility>

#include "dti/cli/lists/list_printer.hpp"
#include "dti/service/office/wait_text.hpp"
#include "dtictl/office/cells.hpp"

namespace dti {
namespace {

using Row = HoldingRow;

std::vector<Column<Row>> name_columns() {
  return {text_column<Row>("faculty", [](const Row& row) { return row.name.faculty; }),
          text_column<Row>("program", [](const Row& row) { return row.name.program; })};
}

std::vector<Column<Row>> entry_columns() {
  return {number_column<Row>("seq", [](const Row& row) { return row.holding.seq; }),
          time_column<Row>("at", [](const Row& row) { return row.holding.at; })};
}

std::vector<Column<Row>> room_columns() {
  auto columns = want_columns_of<Row>("-wanted", [](const Row& row) { return row.holding.want; });
  append(columns, grant_columns_of<Row>([](const Row& row) { return row.holding.grant; }));
  return columns;
}

Column<Row> semester_column() {
  return text_column<Row>("semester", [](const Row& row) { return row.semester; });
}

std::vector<Column<Row>> place_columns() {
  return {
      {{"waits-since", ColumnKind::kInteger},
       [](const Row& row) { return row.position ? Cell{row.holding.waits_since} : Cell{}; }},
      {{"position", ColumnKind::kInteger}, [](const Row& row) { return row.position ? Cell{*row.position} : Cell{}; }}};
}

/// Empty: the grant is no hold.
Column<Row> end_column() {
  return {{"expires-at", ColumnKind::kTime}, [](const Row& row) {
            const auto end = row.holding.expires_at;
            return end == 0 ? Cell{} : time_cell(end);
          }};
}

std::vector<Column<Row>> details(std::vector<Column<Row>> columns) {
  for (auto& column : columns) column.head.is_detail = true;
  return columns;
}

/// The positions of the programs that wait, from 1.
std::unordered_map<ProgramId, std::int64_t> positions_in(const SemesterView& view) {
  std::unordered_map<ProgramId, std::int64_t> positions;
  for (const auto& holding : view.waiting()) {
    positions.emplace(holding.program, static_cast<std::int64_t>(positions.size()) + 1);
  }
  return positions;
}

}  // namespace

std::vector<Column<HoldingRow>> holding_columns() {
  std::vector<Column<Row>> columns = {semester_column()};
  append(columns, entry_columns());
  append(columns, name_columns());
  append(columns, room_columns());
  columns.push_back(text_column<Row>(
      "status", [](const Row& row) { return wire_text(grant_status(row.holding.want, row.holding.grant)); }));
  append(columns, place_columns());
  columns.push_back(end_column());
  return columns;
}

std::vector<Column<HoldingRow>> hold_columns() {
  auto columns = details({semester_column()});
  columns.push_back(end_column());
  append(columns, name_columns());
  append(columns, room_columns());
  append(columns, entry_columns());
  return columns;
}

std::vector<Column<HoldingRow>> lacking_columns() {
  std::vector<Column<Row>> columns = {semester_column()};
  append(columns, name_columns());
  append(columns, want_columns_of<Row>("-lacking", [](const Row& row) { return lacking(row.holding); }));
  append(columns, details(room_columns()));
  append(columns, entry_columns());
  return columns;
}

std::vector<Column<HoldingRow>> waiting_columns() {
  auto columns = details({semester_column()});
  auto places = place_columns();
  std::swap(places[0], places[1]);
  append(columns, std::move(places));
  append(columns, name_columns());
  append(columns, details(want_columns_of<Row>("-wanted", [](const Row& row) { return row.holding.want; })));
  append(columns, grant_columns_of<Row>([](const Row& row) { return row.holding.grant; }));
  append(columns, want_columns_of<Row>("-lacking", [](const Row& row) { return lacking(row.holding); }));
  append(columns, details(entry_columns()));
  columns.push_back({{"passed-over", ColumnKind::kText},
                     [](const Row& row) { return row.passed_over ? Cell{*row.passed_over} : Cell{}; }});
  return columns;
}

void print_holdings(const ReadCommand& command, const OfficeOptions& options,
                    const std::vector<Column<HoldingRow>>& columns,
                    const std::function<std::vector<Holding>(const SemesterView&)>& listed) {
  const OfficeStore store{command, options};
  const auto names = store.read_names();
  const auto semester = find_semester(options, names);
  const auto faculty = find_faculty(options, names);
  const auto view = store.read_view(semester, names);
  const auto positions = positions_in(view);
  const auto holdings = listed(view);
  ListPrinter<HoldingRow> printer{std::cout, options.list, columns};
  for (const auto& holding : holdings) {
    const auto name = names.find_name(holding.program);
    if (!name) {
      throw StorageError{StorageError::Kind::kCorrupt, "entry " + std::to_string(holding.seq) + " grants to program " +
                                                           std::to_string(holding.program) +
                                                           ", which the catalogue does not have"};
    }
    if (faculty != 0 && names.faculty_of(holding.program) != faculty) continue;
    HoldingRow row{semester.name, *name, holding};
    if (const auto place = positions.find(holding.program); place != positions.end()) {
      row.position = place->second;
      row.passed_over = passed_over_text(view, holding);
    }
    printer.add(row);
  }
  printer.finish();
}

}  // namespace dti
