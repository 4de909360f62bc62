#include "dti/service/take_over.hpp"

#include <algorithm>

namespace dti {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw StorageError{StorageError::Kind::kRefused, why}; }

Quantity conversions_of(const SemesterToOpen& wanted, Quantity classrooms) {
  return std::min(wanted.conversions.value_or(classrooms), classrooms);
}

[[noreturn]] void refuse_replaced() { refuse("another server took the lead of the store while this one started"); }

std::string shown(Quantity given, Quantity stored, const char* flag) {
  return std::string{flag} + " says " + std::to_string(given) + ", the store " + std::to_string(stored);
}

/// Refuses numbers that differ from those with which the semester was opened; only what is given is compared.
void compare(const SemesterToOpen& wanted, const Capacity& stored) {
  std::string differences;
  const auto check = [&](std::optional<Quantity> given, Quantity there, const char* flag) {
    if (!given || *given == there) return;
    differences += (differences.empty() ? "" : "; ") + shown(*given, there, flag);
  };
  check(wanted.classrooms, stored.classrooms, "--classrooms");
  check(wanted.labs, stored.labs, "--labs");
  if (wanted.conversions) check(conversions_of(wanted, stored.classrooms), stored.conversions, "--mobile-labs");
  if (differences.empty()) return;
  refuse("semester \"" + wanted.name + "\" was opened with other numbers: " + differences +
         ". Start with the numbers of the store, or leave them out");
}

/// What can be refused before the lead is taken: a wrong start must not end another server's service.
void check_semester(Repository& repository, const SemesterToOpen& wanted) {
  if (const auto stored = repository.inspect(wanted.name)) {
    compare(wanted, stored->opened_with);
  } else if (!wanted.classrooms || !wanted.labs) {
    refuse("the store has no semester \"" + wanted.name + "\": give --classrooms and --labs to open it");
  }
}

/// Opens the semester unless it is open. @return the semester, if it was opened now
std::optional<StoredSemester> open_semester(Repository& repository, const SemesterToOpen& wanted,
                                            const Leadership& leadership, WallTime at) {
  for (const auto& semester : leadership.semesters) {
    if (semester.name == wanted.name) {
      compare(wanted, semester.opened_with);
      return std::nullopt;
    }
  }
  const Capacity capacity{wanted.classrooms.value_or(0), wanted.labs.value_or(0),
                          conversions_of(wanted, wanted.classrooms.value_or(0))};
  switch (repository.open_semester(leadership.epoch, wanted.name, capacity, at)) {
    case OpenResult::kOpened:
      return repository.inspect(wanted.name);
    case OpenResult::kExists:
      refuse("semester \"" + wanted.name + "\" is closed");
    case OpenResult::kReplaced:
      break;
  }
  refuse_replaced();
}

void add_catalog(Repository& repository, const StartOptions& start, Epoch epoch) {
  if (start.catalog.empty() && start.default_catalog.empty()) return;
  const auto stored = repository.read_catalog(0);
  Catalog catalog;
  if (!catalog.add(stored)) throw StorageError{StorageError::Kind::kCorrupt, "the stored catalogue is not in order"};
  const auto& rows = start.catalog.empty() && stored.empty() ? start.default_catalog : start.catalog;
  const auto additions = catalog.additions(rows);
  if (const auto* fault = std::get_if<CatalogFault>(&additions)) refuse("the catalogue does not fit: " + fault->reason);
  const auto& programs = std::get<std::vector<CatalogProgram>>(additions);
  if (!programs.empty() && !repository.add_programs(epoch, programs)) {
    refuse_replaced();
  }
}

}  // namespace

Leadership take_over(Repository& repository, const TakeOverRequest& request, WallTime at,
                     const std::function<void(TakeOverPiece)>& piece) {
  if (request.start && request.start->semester) check_semester(repository, *request.start->semester);
  auto leadership = repository.take_over(at);
  if (request.start) {
    if (!request.start->semester && leadership.semesters.empty()) {
      refuse("the store has no open semester: give --semester, --classrooms and --labs to open one");
    }
    add_catalog(repository, *request.start, leadership.epoch);
    if (request.start->semester) {
      auto opened = open_semester(repository, *request.start->semester, leadership, at);
      if (opened) leadership.semesters.push_back(std::move(*opened));
    }
  }
  if (auto programs = repository.read_catalog(static_cast<ProgramId>(request.program_count)); !programs.empty()) {
    piece(std::move(programs));
  }
  for (const auto& semester : leadership.semesters) {
    const auto known = request.heads.find(semester.id);
    auto after = known == request.heads.end() ? Seq{0} : known->second;
    bool from_start = after > semester.head;  // the store lost entries that were known here
    if (from_start) after = 0;
    repository.read_ledger(semester.id, after, semester.head, [&](std::vector<LedgerEntry> entries) {
      piece(LedgerPiece{semester.id, from_start, std::move(entries)});
      from_start = false;
    });
  }
  return leadership;
}

}  // namespace dti
