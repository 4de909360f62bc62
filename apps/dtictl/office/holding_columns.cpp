#include "dtictl/office/holding_columns.hpp"

#include <iostream>
#include <utility>

#include "dti/cli/lists/list_printer.hpp"
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

}  // namespace

std::vector<Column<HoldingRow>> holding_columns() {
  std::vector<Column<Row>> columns = {semester_column()};
  append(columns, entry_columns());
  append(columns, name_columns());
  append(columns, room_columns());
  columns.push_back(text_column<Row>(
      "status", [](const Row& row) { return wire_text(grant_status(row.holding.want, row.holding.grant)); }));
  return columns;
}

std::vector<Column<HoldingRow>> lacking_columns() {
  std::vector<Column<Row>> columns = {semester_column()};
  append(columns, name_columns());
  append(columns, want_columns_of<Row>("-lacking", [](const Row& row) { return lacking(row.holding); }));
  auto rooms = room_columns();
  for (auto& column : rooms) column.head.is_detail = true;
  append(columns, std::move(rooms));
  append(columns, entry_columns());
  return columns;
}

void print_holdings(const ReadCommand& command, const OfficeOptions& options,
                    const std::vector<Column<HoldingRow>>& columns,
                    const std::function<bool(const Holding&)>& is_listed) {
  const OfficeStore store{command, options};
  const auto names = store.read_names();
  const auto semester = find_semester(options, names);
  const auto faculty = find_faculty(options, names);
  const auto view = store.read_view(semester);
  ListPrinter<HoldingRow> printer{std::cout, options.list, columns};
  for (const auto& holding : view.holdings()) {
    const auto name = names.find_name(holding.program);
    if (!name) {
      throw StorageError{StorageError::Kind::kCorrupt, "entry " + std::to_string(holding.seq) + " grants to program " +
                                                           std::to_string(holding.program) +
                                                           ", which the catalogue does not have"};
    }
    if (faculty != 0 && names.faculty_of(holding.program) != faculty) continue;
    if (is_listed(holding)) printer.add({semester.name, *name, holding});
  }
  printer.finish();
}

}  // namespace dti
