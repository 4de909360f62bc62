#include "dti/service/allocation/catalog_change.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"

namespace dti {
namespace {

constexpr std::size_t kFaultsShown = 5;  // of at most 500 bytes each; the plan has shown all of them

OfficeOutcome refused(OfficeOutcome facts, Status status, std::string detail) {
  facts.error = RequestError{status, std::move(detail), {}, {}};
  return facts;
}

OfficeOutcome facts_of(const OfficeCommand& command, const Catalog& catalog, const CatalogState& state) {
  // What earlier commands of the plan have written is no news to the sender.
  auto places = state.places;
  for (const auto& range : state.earlier) places.replace(range, command.expects.value_or(0));
  OfficeOutcome facts;
  const auto& changed = command.catalog->program;
  facts.seq =
      places.touched_by(changed ? std::vector{CatalogRow{changed->of.faculty, {}}} : command.catalog->rows, catalog);
  facts.catalog = CatalogFacts{hex_text(state.store), static_cast<std::int64_t>(catalog.faculty_count()),
                               static_cast<std::int64_t>(catalog.size())};
  return facts;
}

/// The rows as they are stored; or why one of them cannot be.
std::variant<std::vector<CatalogRow>, std::string> tidy(const std::vector<CatalogRow>& rows) {
  std::vector<CatalogRow> tidied;
  tidied.reserve(rows.size());
  for (const auto& row : rows) {
    // Rows of one faculty follow each other.
    const bool is_checked = !tidied.empty() && row.faculty == rows[tidied.size() - 1].faculty;
    const auto of_faculty = is_checked ? std::nullopt : name_fault(row.faculty, kNameBytesMax);
    if (of_faculty) return "the faculty " + escaped(row.faculty) + ": the name " + *of_faculty;
    const auto fault = name_fault(row.program, kNameBytesMax);
    if (fault) return "the program " + escaped(row.program) + ": the name " + *fault;
    tidied.push_back({is_checked ? tidied.back().faculty : tidy_name(row.faculty), tidy_name(row.program)});
  }
  return tidied;
}

std::string text_of(const CatalogFaults& faults) {
  std::string text;
  const auto shown = std::min(kFaultsShown, faults.listed.size());
  for (std::size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : "; ") + faults.listed[i].reason;
  const auto more = faults.listed.size() - shown + faults.more;
  return text + (more > 0 ? "; and " + std::to_string(more) + " more" : "");
}

bool has_all(const Catalog& catalog, const std::vector<CatalogRow>& rows) {
  return std::all_of(rows.begin(), rows.end(), [&](const CatalogRow& row) {
    return catalog.place({tidy_name(row.faculty), tidy_name(row.program)}).kind == Catalog::Placing::Kind::kKnown;
  });
}

CatalogAddition addition_of(const OfficeCommand& command, std::vector<CatalogProgram> added, OfficeOutcome facts,
                            Seq head) {
  auto& catalog = *facts.catalog;
  auto highest = catalog.faculties;
  for (const auto& program : added) highest = std::max<std::int64_t>(highest, program.faculty_id);
  catalog.faculties_added = highest - catalog.faculties;
  catalog.programs_added = static_cast<std::int64_t>(added.size());
  catalog.faculties = highest;
  catalog.programs += catalog.programs_added;
  facts.seq = head + catalog.faculties_added + catalog.programs_added;  // each has an entry
  CatalogChange change;
  change.base = head;
  change.programs = std::move(added);
  change.command_id = command.id;
  change.note.actor = command.actor;
  change.note.note = command.note;
  return {std::move(change), std::move(facts)};
}

ProgramFacts program_facts(const Catalog& catalog, ProgramId program) {
  return {{catalog.faculty_name(catalog.faculty_of(program)), catalog.program_name(program)},
          catalog.is_retired(program)};
}

/// Tells whether the catalogue is as it can be after the change, also if others have changed the program since.
bool has_made(const ChangeProgram& change, const Catalog& catalog) {
  const auto faculty = catalog.find_faculty(change.of.faculty);
  const auto program = catalog.find_by_any_name(faculty, change.of.program);
  if (program == 0) return false;
  return change.new_name ? catalog.find_by_any_name(faculty, *change.new_name) == program : catalog.is_retired(program);
}

RequestError unknown(const Catalog& catalog, const ProgramName& name, FacultyId faculty) {
  const auto with = [](const std::string& why) { return why.empty() ? std::string{} : ": " + why; };
  if (faculty == 0) {
    return {Status::kInvalidFaculty,
            "faculty " + escaped(name.faculty) + " is unknown" + with(catalog.why_no_faculty(name.faculty)),
            {},
            {}};
  }
  return {Status::kInvalidProgram,
          "faculty " + escaped(catalog.faculty_name(faculty)) + " has no program " + escaped(name.program) +
              with(catalog.program_meanings(faculty, name.program)),
          {},
          {}};
}

/// The change of the program, if a rule does not forbid it and something is to be changed.
/// @return a text: the rule
std::variant<std::optional<ProgramChange>, std::string> change_of(const ChangeProgram& wanted, ProgramId program,
                                                                  const Catalog& catalog, const WaitsIn& waits_in) {
  ProgramChange change{
      .program = program, .faculty_id = catalog.faculty_of(program), .name = catalog.program_name(program)};
  if (!wanted.new_name) {
    if (catalog.is_retired(program)) return std::nullopt;
    if (const auto semester = waits_in(program)) {
      return "the program has a place in the wait list of " + escaped(*semester) +
             ": first take it off (wait leave), or amend its grant to what it holds";
    }
    return change;
  }
  if (catalog.is_retired(program)) return "the program is retired: it keeps its name";
  if (const auto fault = name_fault(*wanted.new_name, kNameBytesMax)) {
    return "the program cannot be called " + escaped(*wanted.new_name) + ": the name " + *fault;
  }
  change.name = tidy_name(*wanted.new_name);
  auto placed = catalog.place_name(program, change.name);
  switch (placed.kind) {
    case Catalog::Naming::Kind::kSame: return std::nullopt;
    case Catalog::Naming::Kind::kNew: change.key = std::move(placed.key); return change;
    case Catalog::Naming::Kind::kOfAnother: break;
  }
  const auto [one, other] = shown_apart(change.name, catalog.program_name(placed.other));
  if (placed.other == program) return "the name " + one + " only looks like " + other + ": it has other letters";
  return "the name " + one +
         " is taken: a program of the faculty has it, has had it, or has one that only looks different. It is "
         "called " +
         other;
}

std::variant<CatalogAddition, OfficeOutcome> decide_program(const OfficeCommand& command, const Catalog& catalog,
                                                            OfficeOutcome facts, Seq head, const WaitsIn& waits_in) {
  const auto& wanted = *command.catalog->program;
  const auto faculty = catalog.find_faculty(wanted.of.faculty);
  const auto program = catalog.find_program(faculty, wanted.of.program);
  if (program == 0) {
    facts.error = unknown(catalog, wanted.of, faculty);
    return facts;
  }
  facts.catalog->program = program_facts(catalog, program);
  if (command.expects && *command.expects != facts.seq) {
    return refused(std::move(facts), Status::kConflict,
                   "the command expects entry " + std::to_string(*command.expects) +
                       " of the registry to be the last one about the faculty, and it is entry " +
                       std::to_string(facts.seq));
  }
  auto decided = change_of(wanted, program, catalog, waits_in);
  if (auto* const rule = std::get_if<std::string>(&decided)) {
    return refused(std::move(facts), Status::kRefused, std::move(*rule));
  }
  auto& change = std::get<std::optional<ProgramChange>>(decided);
  if (!change) return facts;
  change->seq = head + 1;
  facts.seq = change->seq;
  facts.catalog->program->name.program = change->name;
  facts.catalog->program->is_retired = change->retires();
  if (command.is_dry_run) return facts;
  CatalogChange written;
  written.base = head;
  written.changes = {*std::move(change)};
  written.command_id = command.id;
  written.note.actor = command.actor;
  written.note.note = command.note;
  return CatalogAddition{std::move(written), std::move(facts)};
}

}  // namespace

std::variant<CatalogAddition, OfficeOutcome> decide_catalog(const OfficeCommand& command, const Catalog& catalog,
                                                            const CatalogState& state, const WaitsIn& waits_in) {
  if (state.programs != static_cast<std::int64_t>(catalog.size())) {
    throw StorageError{StorageError::Kind::kInvariant, "the store has " + std::to_string(state.programs) +
                                                           " programs, and the catalogue here has " +
                                                           std::to_string(catalog.size())};
  }
  const auto& wanted = *command.catalog;
  auto facts = facts_of(command, catalog, state);
  if (!wanted.store.empty() && wanted.store != facts.catalog->store) {
    return refused(std::move(facts), Status::kRefused,
                   "the command is for the store " + wanted.store + ", and this one is " + hex_text(state.store));
  }
  if (state.written > 0) {
    facts.seq = state.written;
    facts.is_repeat = wanted.program ? has_made(*wanted.program, catalog) : has_all(catalog, wanted.rows);
    if (facts.is_repeat && wanted.program) {
      const auto faculty = catalog.find_faculty(wanted.program->of.faculty);
      facts.catalog->program = program_facts(catalog, catalog.find_by_any_name(faculty, wanted.program->of.program));
    }
    if (facts.is_repeat) return facts;
    return refused(std::move(facts), Status::kConflict,
                   "entry " + std::to_string(state.written) + " of the registry is of another command with this id");
  }
  if (wanted.program) return decide_program(command, catalog, std::move(facts), state.head, waits_in);
  if (command.expects && *command.expects != facts.seq) {
    return refused(std::move(facts), Status::kConflict,
                   "the command expects entry " + std::to_string(*command.expects) +
                       " of the registry to be the last one about the faculties that it adds to, and it is entry " +
                       std::to_string(facts.seq));
  }
  const auto rows = tidy(wanted.rows);
  if (const auto* fault = std::get_if<std::string>(&rows)) return refused(std::move(facts), Status::kRefused, *fault);
  auto added = catalog.additions(std::get<std::vector<CatalogRow>>(rows));
  if (const auto* faults = std::get_if<CatalogFaults>(&added)) {
    return refused(std::move(facts), Status::kRefused, text_of(*faults));
  }
  auto& programs = std::get<std::vector<CatalogProgram>>(added);
  if (programs.empty()) return facts;
  auto addition = addition_of(command, std::move(programs), std::move(facts), state.head);
  if (command.is_dry_run) return std::move(addition.outcome);
  return addition;
}

}  // namespace dti
