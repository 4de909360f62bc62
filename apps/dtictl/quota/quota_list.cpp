#include "dtictl/quota/quota_list.hpp"

#include <iostream>
#include <string_view>
#include <vector>

#include "dti/cli/lists/list_printer.hpp"
#include "dtictl/office/cells.hpp"
#include "dtictl/office/office_store.hpp"

namespace dti {
namespace {

struct Row {
  std::string semester;
  std::string faculty;
  Quota quota;
  CountedRooms held;
  Seq seq = 0;
};

std::string_view state_of(const QuotaLimit& limit, Quantity held) {
  if (is_above(limit, held)) return "exceeded";
  return limit.rooms >= 0 && held == limit.rooms ? "reached" : "";
}

/// The column of one kind of a limit.
Column<Row> limit_column(std::string name, QuotaLimit Quota::*kind) {
  return {{std::move(name), ColumnKind::kInteger}, [kind](const Row& row) -> Cell {
            const auto& limit = row.quota.*kind;
            return limit.rooms < 0 ? Cell{} : Cell{std::int64_t{limit.rooms}};
          }};
}

Column<Row> soft_column(std::string name, QuotaLimit Quota::*kind) {
  return {{std::move(name), ColumnKind::kBoolean}, [kind](const Row& row) -> Cell {
            const auto& limit = row.quota.*kind;
            return limit.rooms < 0 ? Cell{} : Cell{limit.is_soft};
          }};
}

Column<Row> state_column(std::string name, QuotaLimit Quota::*kind, Quantity CountedRooms::*held) {
  return {{std::move(name), ColumnKind::kText}, [kind, held](const Row& row) -> Cell {
            const auto state = state_of(row.quota.*kind, row.held.*held);
            return state.empty() ? Cell{} : Cell{std::string{state}};
          }};
}

std::vector<Column<Row>> quota_columns() {
  auto semester = text_column<Row>("semester", [](const Row& row) { return row.semester; });
  semester.head.is_detail = true;
  return {semester,
          text_column<Row>("faculty", [](const Row& row) { return row.faculty; }),
          limit_column("classrooms-limit", &Quota::classrooms),
          soft_column("classrooms-soft", &Quota::classrooms),
          number_column<Row>("classrooms-held", [](const Row& row) { return row.held.classrooms; }),
          state_column("classrooms-state", &Quota::classrooms, &CountedRooms::classrooms),
          limit_column("labs-limit", &Quota::labs),
          soft_column("labs-soft", &Quota::labs),
          number_column<Row>("labs-held", [](const Row& row) { return row.held.labs; }),
          state_column("labs-state", &Quota::labs, &CountedRooms::labs),
          number_column<Row>("seq", [](const Row& row) { return row.seq; })};
}

int print_quotas(const ReadCommand& command, const OfficeOptions& options) {
  const OfficeStore store{command, options};
  const auto names = store.read_names();
  const auto semester = find_semester(options, names);
  const auto only = find_faculty(options, names);
  const auto view = store.read_view(semester, names);
  const auto& quotas = view.quotas();
  ListPrinter<Row> printer{std::cout, options.list, quota_columns()};
  for (FacultyId faculty = 1; faculty <= names.faculties(); ++faculty) {
    if (quotas.quota(faculty) == Quota{} || (only != 0 && only != faculty)) continue;
    printer.add({semester.name, names.catalog().faculty_name(faculty), quotas.quota(faculty), quotas.held(faculty),
                 quotas.set_at(faculty)});
  }
  printer.finish();
  return 0;
}

}  // namespace

int run_quota_list(std::span<const std::string> args) {
  const ReadCommand command{
      .name = "dtictl quota list",
      .purpose =
          "dtictl quota list prints the faculties that have a quota in a semester: their limits, and the rooms that "
          "their "
          "programs hold. Mobile labs count as labs. A limit is reached, or, if it is soft, exceeded.",
      .settings = {semester_setting(), faculty_setting()},
      .columns = heads_of(quota_columns()),
      .examples = {{"print the quotas of the open semester", "dtictl quota list --config=/etc/dti/dti.toml"},
                   {"for a script", "dtictl quota list --semester=2025-10 --format=jsonl"}}};
  return run_office(command, args, [&](const OfficeOptions& options) { return print_quotas(command, options); });
}

}  // namespace dti
