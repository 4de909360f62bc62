#include "dtictl/catalog/catalog_list.hpp"

#include <cstdint>
#include <iostream>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "dti/cli/lists/list_printer.hpp"
#include "dtictl/office/cells.hpp"
#include "dtictl/office/office_store.hpp"

namespace dti {
namespace {

/// What the registry has about a program.
struct Registered {
  Seq entry = 0;
  std::int64_t at = 0;
  std::optional<std::string> command_id = {};  // of the command that added it; none: the start of a server did
  std::optional<CommandNote> note = {};
};

struct CatalogLine {
  CatalogProgram program;
  std::string name;  // now
  bool is_retired = false;
  std::optional<Registered> registered;  // none: no server with a registry has led the store
};

template <class Value>
Column<CatalogLine> detail(std::string name, ColumnKind kind, Value value) {
  return {{std::move(name), kind, true}, [value](const CatalogLine& line) -> Cell {
            return line.registered ? Cell{value(*line.registered)} : Cell{};
          }};
}

std::vector<Column<CatalogLine>> columns() {
  using Row = CatalogLine;
  const auto note_cell = [](const Registered& of, std::string CommandNote::*text) {
    return of.note ? Cell{(*of.note).*text} : Cell{};
  };
  return {
      text_column<Row>("faculty", [](const Row& row) { return row.program.faculty_name; }),
      text_column<Row>("program", [](const Row& row) { return row.name; }),
      text_column<Row>("state", [](const Row& row) { return row.is_retired ? "retired" : "active"; }),
      number_column<Row>("faculty-id", [](const Row& row) { return row.program.faculty_id; }),
      number_column<Row>("program-id", [](const Row& row) { return row.program.id; }),
      {{"entry", ColumnKind::kInteger},
       [](const Row& row) { return row.registered ? Cell{row.registered->entry} : Cell{}; }},
      detail("added-at", ColumnKind::kTime, [](const Registered& of) { return time_cell(of.at); }),
      detail("command-id", ColumnKind::kText,
             [](const Registered& of) { return of.command_id ? Cell{*of.command_id} : Cell{}; }),
      detail("actor", ColumnKind::kText,
             [note_cell](const Registered& of) { return note_cell(of, &CommandNote::actor); }),
      detail("note", ColumnKind::kText,
             [note_cell](const Registered& of) { return note_cell(of, &CommandNote::note); }),
  };
}

/// The entries of the registry about programs, by the program's id.
std::map<std::int64_t, Registered> read_registered(LedgerSnapshot& snapshot) {
  const auto notes = snapshot.read_notes(kRegistryId, 1, std::numeric_limits<Seq>::max());
  std::map<std::int64_t, Registered> registered;
  std::vector<std::int64_t> together;  // programs whose entries have one seal: the last one has the command
  snapshot.read_registry([&](const std::vector<RegistryEntry>& entries) {
    for (const auto& entry : entries) {
      if (entry.kind == static_cast<std::int64_t>(RegistryKind::kProgramAdded) && entry.program_id) {
        registered[*entry.program_id] = {entry.seq, entry.at};
        together.push_back(*entry.program_id);
      }
      if (!entry.seal) continue;
      const auto note = notes.find(entry.seq);
      for (const auto program : std::exchange(together, {})) {
        if (!entry.command_id) continue;
        registered[program].command_id = entry.command_id;
        if (note != notes.end()) registered[program].note = note->second;
      }
    }
  });
  return registered;
}

std::vector<CatalogLine> read_lines(const OfficeStore& store) {
  const auto snapshot = store.open();
  const auto registered = read_registered(*snapshot);
  std::vector<CatalogLine> lines;
  auto survey = snapshot->survey();
  const auto programs = survey.catalog;
  const StoreNames names{std::move(survey)};
  for (const auto& program : programs) {
    const auto found = registered.find(program.id);
    lines.push_back({program, names.catalog().program_name(program.id), names.catalog().is_retired(program.id),
                     found == registered.end() ? std::nullopt : std::optional{found->second}});
  }
  return lines;
}

}  // namespace

int run_catalog_list(std::span<const std::string> args) {
  const ReadCommand command{
      .name = "dtictl catalog list",
      .purpose =
          "dtictl catalog list prints each program of a store with its faculty, their numbers, its state and its entry "
          "in the registry.",
      .settings = {faculty_setting()},
      .columns = heads_of(columns()),
      .examples = {{"list the programs of a faculty", "dtictl catalog list --faculty=Derecho"},
                   {"who added which program, for a spreadsheet",
                    "dtictl catalog list --format=csv --columns=faculty,program,added-at,actor,note"}}};
  return run_office(command, args, [&](const OfficeOptions& options) {
    const OfficeStore store{command, options};
    const auto faculty = options.text("faculty") ? find_faculty(options, store.read_names()) : FacultyId{0};
    ListPrinter<CatalogLine> printer{std::cout, options.list, columns()};
    for (const auto& line : read_lines(store)) {
      if (faculty == 0 || line.program.faculty_id == faculty) printer.add(line);
    }
    printer.finish();
    return 0;
  });
}

}  // namespace dti
