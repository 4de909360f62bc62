#include "dti/service/pipeline/take_over.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "dti/service/allocation/stored_semesters.hpp"
#include "dti/service/ledger/catalog_check.hpp"
#include "dti/service/ledger/extent_check.hpp"
#include "dti/service/ledger/ledger_replay.hpp"
#include "dti/service/pipeline/ledger_clock.hpp"

namespace dti {
namespace {

constexpr Seq kPartEntries =
    100'000;  // read in a fraction of a second: between parts the lease is renewed if it is due

[[noreturn]] void refuse(const std::string& why) { throw StorageError{StorageError::Kind::kRefused, why}; }

[[noreturn]] void throw_corrupt(const std::string& semester, const StoreDifference& difference) {
  throw StorageError{StorageError::Kind::kCorrupt, "semester \"" + semester + "\": " + to_string(difference)};
}

/// Refuses rows, which are in order of seq, if one is missing after entry `after` or among them.
void check_continues(const std::string& semester, Seq after, const std::vector<LedgerRow>& rows) {
  if (std::cmp_equal(rows.back().seq - after, rows.size())) return;
  for (const auto& row : rows) {
    if (row.seq != ++after) throw_corrupt(semester, missing_entry(after, row.seq));
  }
}

Quantity conversions_of(const SemesterToOpen& wanted, Quantity classrooms) {
  return std::min(wanted.conversions.value_or(classrooms), classrooms);
}

std::string shown(Quantity given, Quantity stored, const std::string& setting) {
  return setting + " says " + std::to_string(given) + ", the store " + std::to_string(stored);
}

/// Refuses numbers that differ from those with which the semester was opened. Compares only the numbers that are given.
void compare(const SemesterToOpen& wanted, const StartSettingNames& names, const Capacity& stored) {
  std::string differences;
  const auto check = [&](std::optional<Quantity> given, Quantity there, const std::string& setting) {
    if (!given || *given == there) return;
    differences += (differences.empty() ? "" : "; ") + shown(*given, there, setting);
  };
  check(wanted.classrooms, stored.classrooms, names.classrooms);
  check(wanted.labs, stored.labs, names.labs);
  if (wanted.conversions) check(conversions_of(wanted, stored.classrooms), stored.conversions, names.conversions);
  if (differences.empty()) return;
  refuse("semester \"" + wanted.name + "\" was opened with other numbers: " + differences +
         ". Start with the numbers of the store, or leave them out");
}

/// Refuses a start that does not fit the store. @return whether the semester must be opened
bool check_semesters(const StartOptions& start, const std::vector<StoredSemester>& stored) {
  if (!start.semester) return false;
  const auto& names = start.names;
  const auto& wanted = *start.semester;
  const auto* semester = find_semester(stored, wanted.name);
  if (semester == nullptr) {
    if (const auto* const twin = find_lookalike(stored, wanted.name)) {
      refuse(lookalike_text(*twin, names.semester + " says", wanted.name));
    }
    if (wanted.classrooms && wanted.labs) return true;
    refuse("the store has no semester \"" + wanted.name + "\": give " + names.classrooms + " and " + names.labs +
           " to open it");
  }
  // The settings still name the semester when the office has closed it. That must not keep a server from the others.
  if (!semester->is_open) return false;
  compare(wanted, names, *semester->opened_with);
  return false;
}

std::string text_of(const CatalogFaults& faults) {
  std::string text;
  for (const auto& fault : faults.listed) {
    text += text.empty() ? "" : "; ";
    if (fault.line > 0) text += "line " + std::to_string(fault.line) + ": ";
    text += fault.reason;
  }
  return text + (faults.more > 0 ? "; and " + std::to_string(faults.more) + " more" : "");
}

/// The programs that the start adds to the stored catalogue. Refuses a catalogue that does not fit it.
std::vector<CatalogProgram> additions(const StartOptions& start, const std::vector<CatalogProgram>& stored,
                                      const std::vector<ProgramChange>& changes) {
  Catalog catalog;
  if (!catalog.add(stored) || !catalog.apply(changes)) {
    const auto found = check_catalog(stored).difference;
    throw StorageError{StorageError::Kind::kCorrupt,
                       "the stored catalogue contradicts itself" + (found ? ": " + to_string(*found) : std::string{})};
  }
  const auto& rows = start.catalog.empty() && stored.empty() ? start.default_catalog : start.catalog;
  auto added = catalog.additions(rows);
  if (const auto* faults = std::get_if<CatalogFaults>(&added))
    refuse("the catalogue does not fit: " + text_of(*faults));
  return std::get<std::vector<CatalogProgram>>(std::move(added));
}

/// The catalogue of a store, and the programs that the start adds to it.
struct CatalogPlan {
  std::vector<CatalogProgram> stored;
  std::vector<ProgramChange> changes;
  std::vector<CatalogProgram> added;
};

CatalogPlan plan_catalog(const StartOptions& start, std::vector<CatalogProgram> stored,
                         std::vector<ProgramChange> changes) {
  auto added = additions(start, stored, changes);
  return {std::move(stored), std::move(changes), std::move(added)};
}

/// Before the lead is taken: a start that cannot succeed must not end another server's service.
CatalogPlan check_before(const StartOptions& start, StoreSurvey survey) {
  check_extents(survey.semesters);
  check_semesters(start, survey.semesters);
  return plan_catalog(start, std::move(survey.catalog), std::move(survey.changes));
}

/// Adds the programs and the semester of the start, now that this server leads. Repeats the checks, because the store
/// may have changed.
/// @param plan  made before this server led, or none
/// @return false if another server has taken the lead
bool apply(const StartOptions& start, std::optional<CatalogPlan> plan, Repository& repository, Leadership& leadership,
           WallTime at) {
  const bool opens = check_semesters(start, leadership.semesters);
  if (!start.catalog.empty() || leadership.program_count == 0) {
    auto stored = repository.read_catalog(0);
    auto changes = repository.read_program_changes(0).changes;
    if (!plan || plan->stored != stored || plan->changes != changes) {
      plan = plan_catalog(start, std::move(stored), std::move(changes));
    }
    if (!plan->added.empty() && !repository.add_programs(leadership.epoch, plan->added, at)) return false;
    leadership.program_count += plan->added.size();
  }
  if (!opens) return true;
  const auto& wanted = *start.semester;
  const Capacity capacity{*wanted.classrooms, *wanted.labs, conversions_of(wanted, *wanted.classrooms)};
  if (repository.open_semester(leadership.epoch, wanted.name, capacity, at).result != OpenResult::kOpened) return false;
  leadership.semesters = repository.survey().semesters;
  leadership.newest_at = std::max(leadership.newest_at, at);
  return true;
}

/// Reads the catalogue's and the ledgers' entries that are not known yet, up to these heads.
/// @param go_on  called between parts of the reading, outside of any call of the repository; false ends the reading
/// @return true if everything was read
bool read_tail(LedgerFollower& reader, const KnownState& known, const std::vector<SemesterHead>& heads,
               const std::function<void(TakeOverPiece)>& piece, const std::function<bool()>& go_on) {
  // After the heads were read: every program that an entry up to them names is there.
  // Their changes are read before them, so that each changed program is among them.
  auto changed = reader.read_program_changes(known.last_change);
  if (auto programs = reader.read_catalog(static_cast<ProgramId>(known.program_count)); !programs.empty()) {
    piece(std::move(programs));
  }
  if (!changed.changes.empty() || changed.registry_end < known.last_change) piece(std::move(changed));
  for (const auto& [semester, name, head] : heads) {
    const auto found = known.heads.find(semester);
    auto after = found == known.heads.end() ? Seq{0} : found->second;
    bool from_start = after > head;  // the store lost entries that were known here
    if (from_start) after = 0;
    while (after < head) {
      const auto last = std::min(head, after + kPartEntries);
      reader.read_ledger(semester, after + 1, last, Columns::kOfState,
                         [&, &id = semester, &of = name](std::vector<LedgerRow> rows) {
                           check_continues(of, after, rows);
                           after = rows.back().seq;
                           piece(LedgerPiece{id, from_start, std::move(rows), of});
                           from_start = false;
                           return true;
                         });
      if (after != last) throw_corrupt(name, missing_entry(after + 1, std::nullopt));
      if (!go_on()) return false;
    }
  }
  return true;
}

/// Seals the entries of a version without seals.
/// @param piece  receives a piece without rows after each part, as a sign of progress
/// @return as read_tail()
bool seal_older(Repository& repository, Epoch epoch, WallTime at, const std::function<void(TakeOverPiece)>& piece,
                const std::function<bool()>& go_on) {
  while (auto part = repository.seal_older(epoch, at)) {
    piece(LedgerPiece{part->semester, false, {}, std::move(part->name)});
    if (!go_on()) return false;
  }
  return true;
}

}  // namespace

std::variant<Leadership, HeldBy> take_over(Repository& repository, const TakeOverRequest& request, WallTime at,
                                           const std::function<SteadyTime()>& clock,
                                           const std::function<void(TakeOverPiece)>& piece) {
  std::optional<CatalogPlan> plan;
  if (request.start && !request.start_fits) plan = check_before(*request.start, repository.survey());
  auto renewed_at = clock();
  auto taken = repository.take_over(at, request.lease);
  auto* const leadership = std::get_if<Leadership>(&taken);
  if (leadership == nullptr) return taken;
  const auto taken_at = clock();
  const auto renew_if_due = [&] {
    const auto now = clock();
    if (now - renewed_at < renewal_interval(request.lease.duration)) return true;
    renewed_at = now;
    return repository.renew(leadership->epoch, request.lease.duration) == CommitResult::kCommitted;
  };
  piece(HistorySeen{leadership->history});
  if (!seal_older(repository, leadership->epoch, at, piece, renew_if_due)) return HeldBy{leadership->epoch, {}, {}};
  // No entry may be ahead of the ledger's time: the next leader would continue from it, and let holds expire.
  const auto start_at = LedgerClock::first(leadership->newest_at, leadership->database_time, at);
  if (request.start && !apply(*request.start, std::move(plan), repository, *leadership, start_at)) {
    return HeldBy{leadership->epoch, {}, {}};
  }
  const auto heads = heads_of(leadership->semesters);
  if (!read_tail(repository, request.known, heads, piece, renew_if_due)) return HeldBy{leadership->epoch, {}, {}};
  // The time of now, not of before the reading: a server whose time is late promises holds that the next one ends early.
  if (auto& time = leadership->database_time) *time += std::chrono::floor<WallTime::duration>(clock() - taken_at);
  return taken;
}

StoreWatch follow(LedgerFollower& reader, const KnownState& known, const std::function<void(TakeOverPiece)>& piece) {
  auto seen = reader.watch();
  if (!seen.held) return seen;  // a lead that is free is taken at once; the take-over reads the rest
  piece(HistorySeen{seen.history});
  piece(HeadsSeen{seen.heads});
  (void)read_tail(reader, known, seen.heads, piece, [] { return true; });
  return seen;
}

}  // namespace dti
