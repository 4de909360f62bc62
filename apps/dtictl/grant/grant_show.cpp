#include "dtictl/grant/grant_show.hpp"

#include <algorithm>
#include <iostream>
#include <vector>

#include "dti/cli/lists/list_printer.hpp"
#include "dti/service/ledger/quantity_text.hpp"
#include "dti/service/office/wait_text.hpp"
#include "dtictl/office/entry_columns.hpp"
#include "dtictl/office/office_store.hpp"

namespace dti {
namespace {

ProgramId find_program(const ReadCommand& command, const OfficeOptions& options, const StoreNames& names) {
  const auto found = names.find_program(find_faculty(options, names), options.settings.operand());
  if (const auto* program = std::get_if<ProgramId>(&found)) return *program;
  const auto& reason = std::get<NameFault>(found).reason;
  throw Unanswerable{options.settings.bad_operand(command.operand, reason)};
}

std::string holding_text(const ProgramName& name, const std::string& semester, const Holding* holding) {
  const auto subject = name.program + " of " + name.faculty;
  if (holding == nullptr) return subject + " holds nothing in " + semester;
  return subject + " holds " + text_of(holding->grant) + " in " + semester + ", since entry " +
         std::to_string(holding->seq);
}

/// `, and waits in place 2 since entry 3: …`; empty if the program does not wait.
std::string waiting_text(const SemesterView& view, ProgramId program) {
  const auto waiting = view.waiting();
  const auto found =
      std::find_if(waiting.begin(), waiting.end(), [&](const Holding& holding) { return holding.program == program; });
  if (found == waiting.end()) return {};
  const auto why = passed_over_text(view, *found);
  return ", and waits in place " + std::to_string(found - waiting.begin() + 1) + " since entry " +
         std::to_string(found->waits_since) + (why ? ": " + *why : "");
}

void show(const ReadCommand& command, const OfficeOptions& options) {
  const OfficeStore store{command, options};
  const auto names = store.read_names();
  const auto semester = find_semester(options, names);
  const auto program = find_program(command, options, names);
  SemesterView view{[&](ProgramId other) { return names.faculty_of(other); }};
  std::vector<EntryRow> rows;
  store.read(semester, 0, [&](const std::vector<StoredEntry>& entries, const Notes& notes) {
    for (const auto& entry : entries) {
      view.add(entry);
      if (entry.row.program_id == StoredNumber{program}) rows.push_back(row_of(semester, entry, names, notes));
    }
  });
  const auto* const holding = view.find(program);
  say(command, holding_text(*names.find_name(program), semester.name, holding) + waiting_text(view, program));
  ListPrinter<EntryRow> printer{std::cout, options.list, entry_columns_of_program()};
  for (auto& row : rows) {
    row.stands = holding != nullptr && row.entry.row.seq == holding->seq;
    printer.add(row);
  }
  printer.finish();
}

}  // namespace

int run_grant_show(std::span<const std::string> args) {
  const ReadCommand command{
      .name = "dtictl grant show",
      .purpose =
          "dtictl grant show prints every entry of a semester's ledger about one program, in order, and on stderr "
          "what the program holds now. PROGRAM is its name in any spelling that a server accepts. If several "
          "faculties have a program of that name, --faculty is needed.",
      .settings = {semester_setting(), faculty_setting()},
      .columns = heads_of(entry_columns_of_program()),
      .examples = {{"show what a program asked for and holds", "dtictl grant show \"Derecho Civil\""},
                   {"for a script: the grant that stands",
                    "dtictl grant show --semester=2025-10 --faculty=Derecho --format=jsonl \"Derecho Civil\" | grep "
                    "'\"stands\":true'"}},
      .operand = "PROGRAM"};
  return run_office(command, args, [&](const OfficeOptions& options) {
    show(command, options);
    return 0;
  });
}

}  // namespace dti
