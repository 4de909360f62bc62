#include "dtictl/totals/totals.hpp"

#include <algorithm>
#include <iostream>
#include <vector>

#include "dti/cli/lists/list_printer.hpp"
#include "dti/service/office/quota_use.hpp"
#include "dtictl/office/cells.hpp"
#include "dtictl/office/office_store.hpp"

namespace dti {
namespace {

/// The sums of one semester, from its ledger.
struct TotalsRow {
  StoredSemester semester;
  Seq entries = 0;
  Capacity capacity;
  Pool left;
  Grant granted;
  std::int64_t grants = 0;
  std::int64_t partial = 0;
  Want lacking;
  bool has_wait_list = false;
  std::int64_t waiting = 0;
  bool fits = false;  // the semester's row, from which a server grants, has the same numbers
  std::int64_t holds = 0;
  std::int64_t rounds = 0;
  bool has_open_round = false;
  std::int64_t blocked = 0;  // places of the wait list that a quota passes over
  std::string quotas;        // the use of each
};

TotalsRow sum_up(const StoredSemester& semester, const SemesterView& view, const StoreNames& names) {
  TotalsRow row{.semester = semester,
                .entries = view.head(),
                .capacity = view.capacity(),
                .left = view.left(),
                .granted = view.granted(),
                .lacking = {},
                .has_wait_list = view.has_wait_list(),
                .waiting = static_cast<std::int64_t>(view.waiting().size()),
                .holds = view.open_holds(),
                .rounds = view.rounds(),
                .has_open_round = view.has_open_round(),
                .quotas = {}};
  const auto uses = quota_uses(view);
  row.blocked = blocked_places(uses);
  row.quotas = quota_uses_text(uses, names);
  for (const auto& holding : view.holdings()) {
    const auto lacks = lacking(holding);
    ++row.grants;
    row.partial += lacks == Want{} ? 0 : 1;
    row.lacking = {row.lacking.classrooms + lacks.classrooms, row.lacking.labs + lacks.labs};
  }
  row.fits = view.capacity() == semester.capacity && view.left() == semester.left && view.is_open() == semester.is_open;
  return row;
}

std::vector<Column<TotalsRow>> columns() {
  using Row = TotalsRow;
  std::vector<Column<Row>> columns = {
      text_column<Row>("semester", [](const Row& row) { return row.semester.name; }),
      text_column<Row>("state", [](const Row& row) { return row.semester.is_open ? "open" : "closed"; }),
      number_column<Row>("grants", [](const Row& row) { return row.grants; }),
      number_column<Row>("partial-grants", [](const Row& row) { return row.partial; })};
  append(columns, capacity_columns_of<Row>([](const Row& row) { return row.capacity; }));
  append(columns, grant_columns_of<Row>([](const Row& row) { return row.granted; }));
  append(columns, left_columns_of<Row>([](const Row& row) { return row.left; }));
  append(columns, want_columns_of<Row>("-lacking", [](const Row& row) { return row.lacking; }));
  columns.push_back({{"wait-list", ColumnKind::kBoolean}, [](const Row& row) -> Cell { return row.has_wait_list; }});
  columns.push_back(number_column<Row>("waiting", [](const Row& row) { return row.waiting; }));
  columns.push_back(number_column<Row>("entries", [](const Row& row) { return row.entries; }));
  columns.push_back({{"consistent", ColumnKind::kBoolean}, [](const Row& row) -> Cell { return row.fits; }});
  columns.push_back(number_column<Row>("holds", [](const Row& row) { return row.holds; }));
  columns.push_back(number_column<Row>("rounds", [](const Row& row) { return row.rounds; }));
  columns.push_back({{"round-open", ColumnKind::kBoolean}, [](const Row& row) -> Cell { return row.has_open_round; }});
  columns.push_back(number_column<Row>("blocked-by-quota", [](const Row& row) { return row.blocked; }));
  columns.push_back(
      {{"quotas", ColumnKind::kText}, [](const Row& row) { return row.quotas.empty() ? Cell{} : Cell{row.quotas}; }});
  return columns;
}

int print_totals(const ReadCommand& command, const OfficeOptions& options) {
  const OfficeStore store{command, options};
  const auto names = store.read_names();
  std::vector<TotalsRow> rows;
  for (const auto& semester : names.semesters())
    rows.push_back(sum_up(semester, store.read_view(semester, names), names));
  ListPrinter<TotalsRow> printer{std::cout, options.list, columns()};
  for (const auto& row : rows) printer.add(row);
  printer.finish();
  if (std::all_of(rows.begin(), rows.end(), [](const TotalsRow& row) { return row.fits; })) return 0;
  say(command, "a semester differs from its ledger: run dtictl verify");
  return 1;
}

}  // namespace

int run_totals(std::span<const std::string> args) {
  const ReadCommand command{
      .name = "dtictl totals",
      .purpose =
          "dtictl totals prints the sums of each semester, open or closed, from its ledger: the grants that stand, "
          "their rooms, what is left, what partial grants lack, the open holds, the rounds, and the use of each quota. "
          "It "
          "compares them with the numbers from which a server grants.",
      .columns = heads_of(columns()),
      .examples = {{"print the totals of the service's store", "dtictl totals --config=/etc/dti/dti.toml"},
                   {"for a program", "dtictl totals --format=json"}}};
  return run_office(command, args, [&](const OfficeOptions& options) { return print_totals(command, options); });
}

}  // namespace dti
