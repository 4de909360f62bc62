#include "dtictl/catalog/catalog_plan.hpp"

#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

#include "dti/base/check.hpp"
#include "dti/cli/escape.hpp"
#include "dti/cli/files.hpp"
#include "dti/cli/lists/list_printer.hpp"
#include "dti/cli/temporary_file.hpp"
#include "dti/domain/catalog_plan.hpp"
#include "dti/domain/office_command.hpp"
#include "dti/protocol/catalog_plan_codec.hpp"
#include "dti/seals/blake2b.hpp"
#include "dtictl/catalog/plan_id.hpp"
#include "dtictl/catalog/plan_words.hpp"
#include "dtictl/office/cells.hpp"
#include "dtictl/office/office_store.hpp"

namespace dti {
namespace {

constexpr int kFaults = 1;
constexpr int kHasChanges = 10;

Cell cell_or_empty(const std::string& text) { return text.empty() ? Cell{} : Cell{text}; }

std::vector<Column<PlannedProgram>> columns() {
  using Row = PlannedProgram;
  return {text_column<Row>("change", [](const Row&) { return "added"; }),
          text_column<Row>("faculty", [](const Row& row) { return row.row.faculty; }),
          text_column<Row>("program", [](const Row& row) { return row.row.program; }),
          text_column<Row>("new-faculty", [](const Row& row) { return row.adds_faculty ? "yes" : "no"; }),
          {{"looks-like", ColumnKind::kText}, [](const Row& row) { return cell_or_empty(alike_text(row)); }},
          number_column<Row>("line", [](const Row& row) { return row.row.line; })};
}

/// The catalogue and its place in the registry at one moment.
struct Present {
  StoreId store;
  CatalogPlaces places;
  std::vector<CatalogProgram> catalog;
  std::vector<ProgramChange> changes;
};

Present read_present(const OfficeStore& store) {
  const auto snapshot = store.open();
  Present present;
  present.store = snapshot->read_chain_heads().value_or(ChainHeads{}).store;
  if (present.store == StoreId{}) {
    throw std::runtime_error{
        "no server has led this store yet, so there is nothing that a plan could be for: start one"};
  }
  snapshot->read_registry([&](const std::vector<RegistryEntry>& entries) {
    for (const auto& entry : entries) present.places.add(entry);
  });
  auto survey = snapshot->survey();
  present.catalog = std::move(survey.catalog);
  present.changes = std::move(survey.changes);
  return present;
}

std::string read_bytes(const std::string& file, const Surroundings& surroundings) {
  try {
    return surroundings.read_file(file == "-" ? "/dev/stdin" : file);
  } catch (const std::runtime_error& error) {
    throw Unanswerable{
        {2, "dtictl catalog plan: cannot read " + quoted_text(file) + ": " + error.what() + '\n', false}};
  }
}

bool is_plan(const std::string& text) { return std::holds_alternative<CatalogPlan>(decode_catalog_plan(text)); }

/// Removes an earlier plan, so that none is left if this one fails. @throws Unanswerable  another file is there
void make_way(const std::string& path, const Surroundings& surroundings) {
  const auto file = regular_file_at(path);
  if (!file || !std::filesystem::exists(*file)) return;
  const auto text = surroundings.read_file(file->string());
  if (!text.empty() && !is_plan(text)) {
    throw Unanswerable{
        {2, "dtictl catalog plan: --output: " + quoted_text(path) + " is there, and is no plan\n", false}};
  }
  if (!text.empty()) std::filesystem::remove(*file);
}

void write_plan(const std::string& path, const std::string& text) {
  if (const auto file = regular_file_at(path)) return write_atomically(*file, text);
  write_all(open_for_writing(path), path, text);
}

CatalogPlan plan_of(const Present& present, const std::string& file, const std::string& bytes,
                    const CatalogComparison& comparison) {
  Blake2b hash;
  hash.add(bytes);
  CatalogPlan plan{{}, hex_text(present.store), printable(file), hex_text(hash.finish()), {}};
  std::vector<CatalogRow> rows;
  for (const auto& added : comparison.added) rows.push_back({added.row.faculty, added.row.program});
  Catalog catalog;
  DTI_CHECK(catalog.add(present.catalog) && catalog.apply(present.changes));
  for (auto& step : split_into_steps(std::move(rows))) {
    const auto expects = present.places.touched_by(step, catalog);
    plan.steps.push_back({expects, std::move(step)});
  }
  plan.id = plan_id(plan);
  return plan;
}

int make_plan(const ReadCommand& command, const OfficeOptions& options) {
  const auto& file = options.settings.operand();
  const auto output = options.text("output");
  if (output) make_way(*output, process_surroundings());
  const auto bytes = read_bytes(file, process_surroundings());
  const auto present = read_present(OfficeStore{command, options});
  const auto reading = read_catalog_file(bytes);
  const auto compared = compare_catalog(present.catalog, present.changes, reading);
  if (const auto* faults = std::get_if<std::vector<CatalogFault>>(&compared)) {
    std::cerr << fault_lines(file, *faults) << std::flush;
    return kFaults;
  }
  const auto& comparison = std::get<CatalogComparison>(compared);
  const auto plan = plan_of(present, file, bytes, comparison);
  if (plan.steps.size() > kEarlierMax + 1) {
    throw std::runtime_error{"the plan would have more than " + std::to_string(kEarlierMax + 1) +
                             " commands: split the file"};
  }
  if (output) write_plan(*output, encode_catalog_plan(plan));
  ListPrinter<PlannedProgram> printer{std::cout, options.list, columns()};
  for (const auto& added : comparison.added) printer.add(added);
  printer.finish();
  std::cout << std::flush;
  std::cerr << plan_summary(plan, comparison, reading.file.is_windows_1252, output) << std::flush;
  return comparison.added.empty() ? 0 : kHasChanges;
}

}  // namespace

int run_catalog_plan(std::span<const std::string> args) {
  const ReadCommand command{
      .name = "dtictl catalog plan",
      .purpose =
          "dtictl catalog plan compares FILE with the catalogue of a store, and prints the programs that it would add. "
          "FILE is CSV with the columns faculty and program; - is stdin. If it has errors, stderr has all of them. The "
          "list goes to stdout; the totals, and names that look like another one, go to stderr.",
      .settings = {{.name = "output",
                    .group = "Plan",
                    .kind = TextKind{},
                    .help = "Writes the plan to this file, for dtictl catalog apply. It replaces an earlier plan."}},
      .columns = heads_of(columns()),
      .examples =
          {{"plan, look at it, and apply it if there are changes",
            "dtictl catalog plan --output=plan.json programs.csv; [ $? -eq 10 ] && dtictl catalog apply plan.json"},
           {"does a file change anything?", "dtictl catalog plan programs.csv"}},
      .operand = "FILE",
      .other_failure = "FILE has errors",
      .more_exit_codes = {{kHasChanges, "there are changes"}}};
  return run_office(command, args, [&](const OfficeOptions& options) { return make_plan(command, options); });
}

}  // namespace dti
