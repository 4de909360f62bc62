#include "dti/service/ledger/verify.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "dti/service/ledger/catalog_check.hpp"
#include "service/ledger/chain_check.hpp"
#include "service/ledger/note_check.hpp"

namespace dti {
namespace {

// Verification reads rows that no server writes, too.
constexpr auto kFirstOfAll = std::numeric_limits<Seq>::min();
constexpr auto kLastOfAll = std::numeric_limits<Seq>::max();

StoreDifference whole(std::string what, std::string stored = {}, std::string expected = {}) {
  return {std::nullopt, std::nullopt, std::move(what), std::move(stored), std::move(expected)};
}

SealedHead end_of(const ChainHeads& heads, SemesterId chain) {
  const auto found = heads.ends.find(chain);
  return found == heads.ends.end() ? SealedHead{} : found->second;
}

void look_at_catalog(LedgerSnapshot& snapshot, const std::vector<CatalogProgram>& catalog, VerifyReport& report) {
  auto check = check_catalog(catalog);
  report.programs = catalog.size();
  report.faculties = check.faculties;
  report.older_keys = check.older_keys;
  if (check.difference) return report.differences.push_back(std::move(*check.difference));
  const auto stored = snapshot.count_catalog();
  if (stored.programs != catalog.size()) {
    report.differences.push_back(whole("a program has no faculty, or a number below 1",
                                       std::to_string(stored.programs) + " programs",
                                       std::to_string(catalog.size()) + " programs"));
  }
  if (stored.faculties != check.faculties) {
    report.differences.push_back(whole("a faculty has no program", std::to_string(stored.faculties) + " faculties",
                                       std::to_string(check.faculties) + " faculties"));
  }
}

/// Compares the seals from which lots were drawn with those of the openings. LedgerReplay knows no seals.
class LotCheck {
 public:
  std::optional<StoreDifference> add(const StoredEntry& entry) {
    if (entry.row.kind == stored_code(EntryKind::kRoundOpened)) opening_ = entry.seal;
    if (entry.row.kind != stored_code(EntryKind::kRound)) return std::nullopt;
    const auto terms = parse_round_terms(entry.row.terms.value_or(""));
    if (!terms || terms->seal == opening_) return std::nullopt;
    return StoreDifference{entry.row.seq, std::nullopt, "the lots are not drawn from the seal of the opening",
                           hex_text(terms->seal), opening_ ? hex_text(*opening_) : "none"};
  }

 private:
  std::optional<Seal> opening_;
};

SemesterReport replay(LedgerSnapshot& snapshot, const StoredSemester& semester, const std::vector<FacultyId>& faculties,
                      Epoch leadership, ChainCheck& chain, const std::function<void(const VerifyProgress&)>& progress) {
  SemesterReport report;
  report.semester = semester;
  LedgerReplay ledger{faculties};
  NoteCheck notes;
  LotCheck lots;
  snapshot.read_entries(semester.id, kFirstOfAll, kLastOfAll, [&](const std::vector<StoredEntry>& entries) {
    for (const auto& entry : entries) {
      if (!report.difference) report.difference = ledger.add(entry.row);
      if (!report.difference) report.difference = lots.add(entry);
      if (auto found = chain.add(entry)) report.seal_difference = std::move(found);
      notes.add(entry);
    }
    progress({semester.name, ledger.entries(), semester.head});
  });
  if (!report.difference) report.difference = ledger.finish(semester, leadership);
  if (!report.seal_difference) report.seal_difference = chain.finish();
  report.note_difference = notes.compare(snapshot.read_notes(semester.id, kFirstOfAll, kLastOfAll));
  report.notes = notes.commands();
  report.notes_erased = notes.erased();
  report.unsealed = chain.unsealed();
  report.entries = ledger.entries();
  report.grants = ledger.grants();
  report.left = ledger.left();
  return report;
}

/// Compares the registry with the rest of the store.
RegistryCheck look_at_registry(LedgerSnapshot& snapshot, const ChainHeads& heads, const StoreSurvey& survey,
                               VerifyReport& report) {
  if (heads.store != StoreId{}) report.store_id = heads.store;
  RegistryCheck registry{heads.store, end_of(heads, kRegistryId)};
  NoteCheck notes;
  snapshot.read_registry([&](const std::vector<RegistryEntry>& entries) {
    registry.add(entries);
    for (const auto& entry : entries) notes.add(entry.seq, entry.command_id, entry.note_hash);
  });
  report.registered = registry.entries();
  if (auto difference = notes.compare(snapshot.read_notes(kRegistryId, kFirstOfAll, kLastOfAll))) {
    difference->what = "registry: " + difference->what;
    report.differences.push_back(*std::move(difference));
  }
  for (auto& difference : registry.finish(survey.catalog, survey.semesters)) {
    report.differences.push_back(std::move(difference));
  }
  return registry;
}

void name_program(SemesterReport& report, const std::vector<CatalogProgram>& catalog) {
  if (!report.difference || !report.difference->program_id) return;
  const auto id = *report.difference->program_id;
  if (id < 1 || std::cmp_greater(id, catalog.size())) return;
  const auto& program = catalog[static_cast<std::size_t>(id - 1)];
  if (!std::cmp_equal(program.id, id)) return;
  report.faculty = program.faculty_name;
  report.program = program.name;
}

void look(LedgerSnapshot& snapshot, const std::function<void(const VerifyProgress&)>& progress, VerifyReport& report) {
  const auto leadership = snapshot.read_epoch();
  const auto survey = snapshot.survey();
  const auto& [semesters, catalog, changes] = survey;
  look_at_catalog(snapshot, catalog, report);
  const auto heads = snapshot.read_chain_heads().value_or(ChainHeads{});
  const auto registry = look_at_registry(snapshot, heads, survey, report);
  std::set<std::string> names;
  for (const auto& semester : semesters) {
    if (!names.insert(semester.name).second) {
      report.differences.push_back(whole("two semesters have the name \"" + semester.name + "\""));
    }
  }
  std::vector<FacultyId> faculties;
  faculties.reserve(catalog.size());
  for (const auto& program : catalog) faculties.push_back(program.faculty_id);
  for (const auto& semester : semesters) {
    progress({semester.name, 0, semester.head});
    ChainCheck chain{heads.store, semester.id, end_of(heads, semester.id), registry.first_seal(semester.id)};
    report.semesters.push_back(replay(snapshot, semester, faculties, leadership, chain, progress));
    name_program(report.semesters.back(), catalog);
  }
  progress({});
  if (const auto stray = snapshot.find_stray_ledger()) {
    report.differences.push_back(
        whole("the ledger has entries of semester number " + std::to_string(*stray) + ", which is not there"));
  }
}

}  // namespace

bool VerifyReport::fits() const {
  const auto fits = [](const SemesterReport& semester) {
    return !semester.difference && !semester.seal_difference && !semester.note_difference;
  };
  return !unreadable && differences.empty() && (!file_faults || file_faults->empty()) &&
         std::all_of(semesters.begin(), semesters.end(), fits);
}

VerifyReport verify(LedgerSnapshot& snapshot, const std::function<void(const VerifyProgress&)>& progress) {
  VerifyReport report;
  progress({});
  try {
    report.warning = snapshot.warning();
    report.file_faults = snapshot.check_file();
    look(snapshot, progress, report);
  } catch (const StorageError& error) {
    if (error.kind() != StorageError::Kind::kCorrupt) throw;
    report.unreadable = error.what();
  }
  return report;
}

}  // namespace dti
