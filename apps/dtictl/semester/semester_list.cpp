#include "dtictl/semester/semester_list.hpp"

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <optional>
#include <vector>

#include "dti/cli/lists/list_printer.hpp"
#include "dtictl/office/cells.hpp"
#include "dtictl/office/office_store.hpp"

namespace dti {
namespace {

struct SemesterRow {
  StoredSemester semester;
  std::optional<std::int64_t> opened_at;  // none: its first entry is missing
  bool has_wait_list = false;
};

/// The capacity less what is left.
Grant granted(const SemesterRow& row) {
  const auto& [capacity, left] = std::pair{row.semester.capacity, row.semester.left};
  const auto mobile_labs = capacity.conversions - left.conversions_left;
  return {capacity.classrooms - left.classrooms - mobile_labs, capacity.labs - left.labs, mobile_labs};
}

std::vector<Column<SemesterRow>> columns() {
  using Row = SemesterRow;
  std::vector<Column<Row>> columns = {
      text_column<Row>("name", [](const Row& row) { return row.semester.name; }),
      text_column<Row>("state", [](const Row& row) { return row.semester.is_open ? "open" : "closed"; })};
  append(columns, capacity_columns_of<Row>([](const Row& row) { return row.semester.capacity; }));
  append(columns, grant_columns_of<Row>(&granted));
  append(columns, left_columns_of<Row>([](const Row& row) { return row.semester.left; }));
  columns.push_back({{"wait-list", ColumnKind::kBoolean}, [](const Row& row) -> Cell { return row.has_wait_list; }});
  columns.push_back(number_column<Row>("entries", [](const Row& row) { return row.semester.head; }));
  columns.push_back({{"opened-at", ColumnKind::kTime},
                     [](const Row& row) { return row.opened_at ? time_cell(*row.opened_at) : Cell{}; }});
  return columns;
}

/// The last entry of the ledger that says so counts.
bool has_wait_list(const OfficeStore& store, const StoredSemester& semester) {
  bool is_on = false;
  store.read(semester, 0, [&](const std::vector<StoredEntry>& entries, const Notes& /*notes*/) {
    for (const auto& entry : entries) {
      if (entry.row.kind != stored_code(EntryKind::kSetting)) continue;
      is_on = entry.row.setting == static_cast<std::int64_t>(SemesterSetting::kWaitListOn);
    }
  });
  return is_on;
}

std::vector<SemesterRow> read_semesters(const OfficeStore& store) {
  const auto snapshot = store.open();
  std::vector<SemesterRow> rows;
  for (auto& semester : snapshot->survey().semesters) {
    auto& row = rows.emplace_back(SemesterRow{semester, {}});
    snapshot->read_entries(semester.id, 1, 1,
                           [&](const std::vector<StoredEntry>& entries) { row.opened_at = entries.front().at; });
  }
  return rows;
}

/// Tells whether the list has the column `wait-list`. Only it needs the ledgers.
bool shows_wait_lists(const ListChoice& choice) {
  const auto heads = heads_of(columns());
  return std::any_of(choice.columns.begin(), choice.columns.end(),
                     [&](std::size_t column) { return heads[column].name == "wait-list"; });
}

std::vector<SemesterRow> read_rows(const OfficeStore& store, const ListChoice& choice) {
  auto rows = read_semesters(store);
  if (!shows_wait_lists(choice)) return rows;
  for (auto& row : rows) row.has_wait_list = has_wait_list(store, row.semester);
  return rows;
}

}  // namespace

int run_semester_list(std::span<const std::string> args) {
  const ReadCommand command{
      .name = "dtictl semester list",
      .purpose =
          "dtictl semester list prints each semester of a store: whether it is open and has a wait list, its "
          "capacity, and how many rooms are granted and left.",
      .columns = heads_of(columns()),
      .examples = {{"list the semesters of the service's store", "dtictl semester list --config=/etc/dti/dti.toml"},
                   {"for a script: the rooms that are left",
                    "dtictl semester list --format=csv --columns=name,classrooms-left,labs-left,mobile-labs-left"}}};
  return run_office(command, args, [&](const OfficeOptions& options) {
    const auto rows = read_rows(OfficeStore{command, options}, options.list);
    ListPrinter<SemesterRow> printer{std::cout, options.list, columns()};
    for (const auto& row : rows) printer.add(row);
    printer.finish();
    return 0;
  });
}

}  // namespace dti
