#include "dtictl/status/status.hpp"

#include <algorithm>
#include <array>
#include <iostream>
#include <optional>
#include <vector>

#include "dti/cli/lists/list_printer.hpp"
#include "dti/service/office/quota_use.hpp"
#include "dtictl/office/cells.hpp"
#include "dtictl/office/office_store.hpp"

namespace dti {
namespace {

/// Of the open semesters together.
struct LedgerSums {
  std::int64_t holds = 0;
  std::int64_t open_rounds = 0;
  std::int64_t quotas = 0;
  std::int64_t quotas_exceeded = 0;  // soft ones
  std::int64_t blocked = 0;          // places of wait lists that a quota passes over
};

struct StatusRow {
  std::string store;  // the address, without a password
  int schema_version = 0;
  std::optional<StoreId> store_id;  // none: no server that knows seals has led the store
  StoredLead lead;
  std::int64_t semesters = 0;
  std::int64_t open_semesters = 0;
  std::int64_t faculties = 0;
  std::int64_t programs = 0;
  std::int64_t entries = 0;
  std::optional<std::int64_t> last_entry_at;
  std::optional<LedgerSums> sums;  // none: not asked for, or the ledgers cannot be read
};

Cell optional_time(std::optional<std::int64_t> stored) { return stored ? time_cell(*stored) : Cell{}; }

Column<StatusRow> sum_column(std::string name, std::int64_t LedgerSums::*sum) {
  return {{std::move(name), ColumnKind::kInteger},
          [sum](const StatusRow& row) { return row.sums ? Cell{(*row.sums).*sum} : Cell{}; }};
}

std::vector<Column<StatusRow>> columns() {
  using Row = StatusRow;
  return {
      text_column<Row>("store", [](const Row& row) { return row.store; }),
      number_column<Row>("schema-version", [](const Row& row) { return row.schema_version; }),
      {{"store-id", ColumnKind::kText},
       [](const Row& row) { return row.store_id ? Cell{hex_text(*row.store_id)} : Cell{}; }},
      number_column<Row>("epoch", [](const Row& row) { return row.lead.epoch; }),
      {{"leads", ColumnKind::kBoolean},
       [](const Row& row) { return row.lead.is_held ? Cell{*row.lead.is_held} : Cell{}; }},
      {{"leader", ColumnKind::kText},
       [](const Row& row) { return row.lead.taken_at ? Cell{row.lead.holder} : Cell{}; }},
      {{"leader-endpoint", ColumnKind::kText},
       [](const Row& row) { return row.lead.endpoint.empty() ? Cell{} : Cell{row.lead.endpoint}; }},
      {{"led-since", ColumnKind::kTime}, [](const Row& row) { return optional_time(row.lead.taken_at); }},
      {{"lease-until", ColumnKind::kTime}, [](const Row& row) { return optional_time(row.lead.lease_until); }},
      number_column<Row>("semesters", [](const Row& row) { return row.semesters; }),
      number_column<Row>("open-semesters", [](const Row& row) { return row.open_semesters; }),
      number_column<Row>("faculties", [](const Row& row) { return row.faculties; }),
      number_column<Row>("programs", [](const Row& row) { return row.programs; }),
      number_column<Row>("entries", [](const Row& row) { return row.entries; }),
      {{"last-entry-at", ColumnKind::kTime}, [](const Row& row) { return optional_time(row.last_entry_at); }},
      sum_column("holds", &LedgerSums::holds),
      sum_column("open-rounds", &LedgerSums::open_rounds),
      sum_column("quotas", &LedgerSums::quotas),
      sum_column("quotas-exceeded", &LedgerSums::quotas_exceeded),
      sum_column("blocked-by-quota", &LedgerSums::blocked),
  };
}

StatusRow read_status(const OfficeStore& store, const OfficeOptions& options) {
  const auto snapshot = store.open();
  const auto heads = snapshot->read_chain_heads();
  const auto counts = snapshot->count_catalog();
  StatusRow row{.store = describe(options.store),
                .schema_version = snapshot->read_schema_version(),
                .store_id = {},
                .lead = snapshot->read_lead(),
                .faculties = static_cast<std::int64_t>(counts.faculties),
                .programs = static_cast<std::int64_t>(counts.programs),
                .last_entry_at = {},
                .sums = {}};
  if (heads && heads->store != StoreId{}) row.store_id = heads->store;
  for (const auto& semester : snapshot->survey().semesters) {
    ++row.semesters;
    row.open_semesters += semester.is_open ? 1 : 0;
    row.entries += semester.head;
    snapshot->read_entries(semester.id, semester.head, semester.head, [&](const std::vector<StoredEntry>& entries) {
      row.last_entry_at = std::max(row.last_entry_at, std::optional{entries.back().at});
    });
  }
  return row;
}

/// Reads the ledgers of the open semesters.
LedgerSums read_sums(const OfficeStore& store) {
  LedgerSums sums;
  const auto names = store.read_names();
  for (const auto& semester : names.semesters()) {
    if (!semester.is_open) continue;
    const auto view = store.read_view(semester, names);
    sums.holds += view.open_holds();
    sums.open_rounds += view.has_open_round() ? 1 : 0;
    const auto uses = quota_uses(view);
    sums.quotas += static_cast<std::int64_t>(uses.size());
    sums.quotas_exceeded += std::count_if(uses.begin(), uses.end(), [](const QuotaUse& use) {
      return is_above(use.quota.classrooms, use.held.classrooms) || is_above(use.quota.labs, use.held.labs);
    });
    sums.blocked += blocked_places(uses);
  }
  return sums;
}

bool needs_ledgers(const ListChoice& choice) {
  constexpr std::array kOfLedgers = {"holds", "open-rounds", "quotas", "quotas-exceeded", "blocked-by-quota"};
  const auto heads = heads_of(columns());
  return std::any_of(choice.columns.begin(), choice.columns.end(), [&](std::size_t column) {
    return std::find(kOfLedgers.begin(), kOfLedgers.end(), heads[column].name) != kOfLedgers.end();
  });
}

}  // namespace

int run_status(std::span<const std::string> args) {
  const ReadCommand command{
      .name = "dtictl status",
      .purpose =
          "dtictl status describes a store: its schema, which server leads and until when, as far as the store can "
          "tell, how much it has, and the holds, rounds and quotas of its open semesters, for which it reads their "
          "ledgers. "
          "With --format=table it prints a line for each column.",
      .columns = heads_of(columns()),
      .examples = {{"describe the service's store", "dtictl status --config=/etc/dti/dti.toml"},
                   {"for a script: does a server lead?", "dtictl status --format=json --columns=leads,lease-until"}}};
  return run_office(command, args, [&](const OfficeOptions& options) {
    const OfficeStore store{command, options};
    auto row = read_status(store, options);
    int status = 0;
    if (needs_ledgers(options.list)) {
      try {
        row.sums = read_sums(store);
      } catch (const std::exception& error) {  // who leads is to be shown nevertheless
        say(command, std::string{"the holds, rounds and quotas are not shown: "} + error.what());
        status = 1;
      }
    }
    print_record(std::cout, options.list, columns(), row);
    return status;
  });
}

}  // namespace dti
