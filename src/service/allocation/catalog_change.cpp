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
  facts.seq = places.touched_by(command.catalog->rows, catalog);
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

}  // namespace

std::variant<CatalogAddition, OfficeOutcome> decide_catalog(const OfficeCommand& command, const Catalog& catalog,
                                                            const CatalogState& state) {
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
    facts.is_repeat = has_all(catalog, wanted.rows);
    if (facts.is_repeat) return facts;
    return refused(std::move(facts), Status::kConflict,
                   "entry " + std::to_string(state.written) + " of the registry is of another command with this id");
  }
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
