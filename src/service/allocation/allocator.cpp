#include "dti/service/allocation/allocator.hpp"

#include "dti/base/check.hpp"
#include "dti/base/narrow.hpp"
#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/service/ledger/quantity_text.hpp"

namespace dti {
namespace {

bool is_not_negative(const Pool& pool) { return pool.classrooms >= 0 && pool.labs >= 0 && pool.conversions_left >= 0; }

Outcome refused(Status status, std::string detail) {
  Outcome outcome;
  outcome.error = RequestError{.status = status, .detail = std::move(detail), .retry_after = {}, .leader = {}};
  return outcome;
}

std::string in_quotes(std::string_view text) { return "\"" + std::string{text} + "\""; }

}  // namespace

const Allocator::Holding* Allocator::find_slot(const Semester& semester, ProgramId program) {
  DTI_CHECK(program > 0);
  const std::size_t page = (program - 1) / HoldingPage::kPrograms;
  if (page >= semester.pages.size() || semester.pages[page] == nullptr) return nullptr;
  return &semester.pages[page]->holdings[(program - 1) % HoldingPage::kPrograms];
}

const Allocator::Holding* Allocator::find_holding(const Semester& semester, ProgramId program) {
  const auto* slot = find_slot(semester, program);
  return slot == nullptr || slot->classrooms_wanted < 0 ? nullptr : slot;
}

Allocator::Holding& Allocator::holding_of(Semester& semester, ProgramId program) {
  const std::size_t page = (program - 1) / HoldingPage::kPrograms;
  if (page >= semester.pages.size()) semester.pages.resize(page + 1);
  if (semester.pages[page] == nullptr) semester.pages[page] = std::make_unique<HoldingPage>();
  return semester.pages[page]->holdings[(program - 1) % HoldingPage::kPrograms];
}

void Allocator::put_holding(Semester& semester, ProgramId program, const Want& want, const Grant& grant) {
  holding_of(semester, program) = {narrow(want.classrooms), narrow(want.labs), narrow(grant.classrooms),
                                   narrow(grant.labs), narrow(grant.mobile_labs)};
}

std::optional<std::string> Allocator::replay(SemesterId semester_id, const LedgerEntry& entry) {
  const auto fault = [&](const std::string& what) { return "entry " + std::to_string(entry.seq) + " " + what; };
  auto& semester = semesters_[semester_id];
  if (entry.seq != semester.head + 1) return fault("does not follow entry " + std::to_string(semester.head));
  switch (entry.kind) {
    case EntryKind::kSemesterOpened:
      if (entry.seq != 1) return fault("opens a semester that is open");
      if (!is_in_range(entry.capacity)) return fault("opens with " + text_of(entry.capacity));
      semester.opened_with = entry.capacity;
      semester.left = full_pool(entry.capacity);
      break;
    case EntryKind::kGranted: {
      if (entry.seq == 1) return fault("grants in a semester that was not opened");
      const auto program = [&] { return "program " + std::to_string(entry.program_id); };
      if (entry.program_id == 0 || entry.program_id > catalog_.size()) {
        return fault("names the unknown " + program());
      }
      if (find_holding(semester, entry.program_id) != nullptr)
        return fault("grants to " + program() + " a second time");
      if (entry.generation != 1) return fault("grants to " + program() + " anew, and nothing was released");
      if (!is_in_range(entry.want)) return fault("has " + program() + " want " + text_of(entry.want));
      if (const auto grant = allocate(semester.left, entry.want); grant != entry.grant) {
        return fault("grants " + text_of(entry.grant) + " to " + program() + ", where the rule gives " +
                     text_of(grant));
      }
      put_holding(semester, entry.program_id, entry.want, entry.grant);
      semester.left = charge(semester.left, entry.grant);
      break;
    }
    case EntryKind::kReleased:
    case EntryKind::kCapacityChanged:
    case EntryKind::kSemesterClosed:
      return fault("is of a kind that this version does not know: " + std::string{stored_text(entry.kind)});
  }
  semester.head = entry.seq;
  return std::nullopt;
}

std::optional<std::string> Allocator::serve(const std::vector<StoredSemester>& semesters) {
  open_.clear();
  for (const auto& stored : semesters) {
    const auto fault = [&](const std::string& what) { return "semester " + in_quotes(stored.name) + ": " + what; };
    const auto found = semesters_.find(stored.id);
    if (found == semesters_.end()) return fault("the ledger has no entry of it");
    const auto& replayed = found->second;
    if (replayed.head != stored.head) {
      return fault("the ledger ends at entry " + std::to_string(replayed.head) + ", and its head says " +
                   std::to_string(stored.head));
    }
    if (replayed.opened_with != stored.opened_with || replayed.left != stored.left) {
      return fault("what is left does not equal the capacity less the ledger's grants: stored are " +
                   text_of(stored.left) + ", and entry " + std::to_string(replayed.head) + " leaves " +
                   text_of(replayed.left));
    }
    open_.emplace(stored.name, stored.id);
  }
  return std::nullopt;
}

std::optional<std::string> Allocator::open(SemesterId semester, const std::string& name, const Capacity& capacity) {
  LedgerEntry opened;
  opened.seq = 1;
  opened.kind = EntryKind::kSemesterOpened;
  opened.capacity = capacity;
  if (auto fault = replay(semester, opened)) return "semester " + in_quotes(name) + ": " + *fault;
  open_.emplace(name, semester);
  return std::nullopt;
}

Decision Allocator::decide(const AllocationRequest& request, std::vector<LedgerEntry>& entries) {
  Decision decision;
  decision.semester_id = find_semester(request.semester);
  decision.faculty_id = catalog_.find_faculty(request.faculty_name);
  if (!decision.semester_id) {
    decision.outcome = refused(Status::kInvalidSemester, why_not_open(request.semester));
    return decision;
  }
  if (decision.faculty_id == 0) {
    const auto why = catalog_.why_no_faculty(request.faculty_name);
    decision.outcome = refused(Status::kInvalidFaculty, "faculty " + in_quotes(request.faculty_name) + " is unknown" +
                                                            (why.empty() ? "" : ": " + why));
    return decision;
  }
  auto& semester = semesters_.at(*decision.semester_id);
  const auto entries_before = entries.size();
  decision.outcome.programs.reserve(request.programs.size());
  const auto ids = catalog_.find_programs(decision.faculty_id, request.programs);
  for (const auto id : ids) {
    if (id != 0) __builtin_prefetch(find_slot(semester, id));
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto& want = request.programs[i].want;
    if (ids[i] != 0) {
      decision.outcome.programs.push_back(decide_program(semester, ids[i], want, entries));
      continue;
    }
    decision.outcome.programs.push_back({Status::kInvalidProgram, {}});
    auto meanings = catalog_.program_meanings(decision.faculty_id, request.programs[i].name);
    if (!meanings.empty()) decision.outcome.details.push_back({i, std::move(meanings)});
  }
  decision.entry_count = entries.size() - entries_before;
  return decision;
}

ProgramOutcome Allocator::decide_program(Semester& semester, ProgramId program, const Want& want,
                                         std::vector<LedgerEntry>& entries) {
  if (const auto* held = find_holding(semester, program)) {
    const Want wanted{held->classrooms_wanted, held->labs_wanted};
    const Grant grant{held->classrooms, held->labs, held->mobile_labs};
    return {want == wanted ? grant_status(wanted, grant) : Status::kAlreadyHasResources, grant};
  }
  const auto grant = allocate(semester.left, want);
  semester.left = charge(semester.left, grant);
  DTI_CHECK(is_not_negative(semester.left));
  put_holding(semester, program, want, grant);
  entries.push_back({.seq = ++semester.head,
                     .kind = EntryKind::kGranted,
                     .program_id = program,
                     .generation = 1,
                     .want = want,
                     .grant = grant,
                     .capacity = {}});
  return {grant_status(want, grant), grant};
}

std::string Allocator::why_not_open(const std::string& semester) const {
  const auto text = "semester " + in_quotes(semester) + " is not open";
  if (const auto fault = name_fault(semester, kSemesterBytesMax)) return text + ": the name " + *fault;
  const auto key = semester_key(semester);
  for (const auto& [name, id] : open_) {
    if (semester_key(name) == key) return text + ": it is " + escaped(semester) + ", and open is " + escaped(name);
  }
  return text;
}

std::optional<SemesterId> Allocator::find_semester(std::string_view name) const {
  const auto found = open_.find(std::string{name});
  return found == open_.end() ? std::nullopt : std::optional{found->second};
}

void Allocator::undo(SemesterId semester_id, const LedgerEntry& entry) {
  auto& semester = semesters_.at(semester_id);
  DTI_CHECK(entry.kind == EntryKind::kGranted && entry.seq == semester.head);
  DTI_CHECK(find_holding(semester, entry.program_id) != nullptr);
  holding_of(semester, entry.program_id) = {};
  semester.left = give_back(semester.left, entry.grant);
  --semester.head;
}

Seq Allocator::head(SemesterId semester) const {
  const auto found = semesters_.find(semester);
  return found == semesters_.end() ? 0 : found->second.head;
}

Pool Allocator::left(SemesterId semester) const {
  const auto found = semesters_.find(semester);
  return found == semesters_.end() ? Pool{} : found->second.left;
}

std::unordered_map<SemesterId, Seq> Allocator::heads() const {
  std::unordered_map<SemesterId, Seq> heads;
  for (const auto& [id, semester] : semesters_) heads.emplace(id, semester.head);
  return heads;
}

}  // namespace dti
