#include "dti/service/allocation/allocator.hpp"

#include <algorithm>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/base/narrow.hpp"
#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"

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

void Allocator::put_holding(Semester& semester, ProgramId program, const Want& want, const Grant& grant,
                            Seq waits_since) {
  auto& holding = holding_of(semester, program);
  holding = {narrow(want.classrooms), narrow(want.labs), narrow(grant.classrooms), narrow(grant.labs),
             narrow(grant.mobile_labs)};
  holding.set_waits_since(waits_since);
}

std::optional<StoreDifference> Allocator::replay(SemesterId semester_id, const LedgerRow& row) {
  auto& semester = semesters_[semester_id];
  const auto program = row.program_id.value_or(0);
  const bool is_known = program >= 1 && std::cmp_less_equal(program, catalog_.size());
  RowContext context{
      .program_count = catalog_.size(), .faculty_count = catalog_.faculty_count(), .quotas = &semester.quotas};
  if (is_known) {
    context.faculty = catalog_.faculty_of(static_cast<ProgramId>(program));
    auto state = state_of(semester, static_cast<ProgramId>(program));
    context.held = state.held;
    context.generation = state.generation;
    context.waits_since = state.waits_since;
    context.expires_at = state.expires_at;
  }
  if (semester.waiting) context.waiting = &*semester.waiting;
  if (semester.round) context.round = &*semester.round;
  if (auto found = dti::replay(semester.totals, row, context)) return found;
  keep(semester, row, context);
  keep_expiry(semester_id, semester, semester.totals.is_open);
  if (!semester.waiting && unsettled_.empty()) return std::nullopt;
  if (semester.waiting && semester.totals.is_open && semester.waiting->find_first(semester.totals.left)) {
    unsettled_.insert(semester_id);
  } else {
    unsettled_.erase(semester_id);
  }
  return std::nullopt;
}

/// Lets the holdings, the quotas and the wait list follow a row that was replayed.
void Allocator::keep(Semester& semester, const LedgerRow& row, const RowContext& context) {
  const auto program = static_cast<ProgramId>(row.program_id.value_or(0));
  if (row.kind == stored_code(EntryKind::kGranted)) {
    put_holding(semester, program, {*row.classrooms_wanted, *row.labs_wanted},
                {*row.classrooms_granted, *row.labs_granted, *row.mobile_labs_granted}, semester.totals.waits_since);
  } else if (row.kind == stored_code(EntryKind::kReleased)) {
    holding_of(semester, program) = {};
    auto& released = semester.released[program];
    released.generation = context.generation;
    if (row.request) released.requests.insert(*row.request);
  } else if (row.kind == stored_code(EntryKind::kWaitingLeft)) {
    holding_of(semester, program).set_waits_since(0);
  }
  if (semester.round || row.kind == stored_code(EntryKind::kRound))
    keep_round(semester.round, semester.totals, row, context);
  keep_quotas(semester.quotas, row, context);
  keep_holds(semester, row);
  if (!keep_wait_list(semester.waiting, semester.totals, row, context)) semester.waiting = all_waiting(semester);
}

void Allocator::keep_holds(Semester& semester, const LedgerRow& row) {
  const auto program = static_cast<ProgramId>(row.program_id.value_or(0));
  if (row.expires_at) {  // granted, or extended
    semester.holds.put(program, *row.expires_at);
  } else if (row.kind == stored_code(EntryKind::kReleased) || row.kind == stored_code(EntryKind::kConfirmed)) {
    semester.holds.remove(program);
  }
}

/// Lets the order in which semesters have holds that expire follow the holds of one.
void Allocator::keep_expiry(SemesterId id, Semester& semester, bool is_open) {
  const auto first = !is_open || semester.holds.empty() ? 0 : semester.holds.queue().begin()->expires_at;
  if (first == semester.first_expiry) return;
  if (semester.first_expiry != 0) expiries_.erase({semester.first_expiry, id});
  if (first != 0) expiries_.insert({first, id});
  semester.first_expiry = first;
}

void Allocator::forget(SemesterId id) {
  const auto found = semesters_.find(id);
  if (found == semesters_.end()) return;
  keep_expiry(id, found->second, false);
  semesters_.erase(found);
  unsettled_.erase(id);
}

bool Allocator::concerns_holds(const AllocationRequest& request) const {
  if (request.hold_seconds == 0 && expiries_.empty()) return false;
  const auto id = find_semester(request.semester);
  const auto faculty = id ? catalog_.find_faculty(request.faculty_name) : 0;
  if (faculty == 0) return false;
  if (request.hold_seconds != 0) return true;
  const auto& holds = semesters_.at(*id).holds;
  if (holds.empty()) return false;
  const auto programs = catalog_.find_programs(faculty, request.programs);
  return std::any_of(programs.begin(), programs.end(), [&](ProgramId program) { return holds.end_of(program) != 0; });
}

bool Allocator::is_spent(SemesterId semester, ProgramId program, const std::string& request_id) const {
  const auto* const released = find_released(semesters_.at(semester), program);
  return released != nullptr && is_spent(*released, request_id);
}

bool Allocator::is_spent(const Released& released, const std::string& request_id) {
  return released.requests.contains(id_hash(request_id));
}

const OpenHolds& Allocator::holds(SemesterId semester) const {
  static const OpenHolds kNone;
  const auto found = semesters_.find(semester);
  return found == semesters_.end() ? kNone : found->second.holds;
}

const Quotas& Allocator::quotas(SemesterId semester) const {
  static const Quotas kNone;
  const auto found = semesters_.find(semester);
  return found == semesters_.end() ? kNone : found->second.quotas;
}

std::size_t Allocator::hold_count() const {
  std::size_t count = 0;
  for (const auto& [first, semester] : expiries_) count += holds(semester).size();
  return count;
}

WaitList Allocator::all_waiting(const Semester& semester) const {
  WaitList waiting;
  set_rooms(waiting, semester.quotas);
  for (std::size_t page = 0; page < semester.pages.size(); ++page) {
    if (semester.pages[page] == nullptr) continue;
    auto program = static_cast<ProgramId>(page * HoldingPage::kPrograms);
    for (const auto& holding : semester.pages[page]->holdings) {
      ++program;
      if (holding.classrooms_wanted < 0 || holding.waits_since() == 0) continue;
      const auto held = holding.held();
      waiting.add({holding.waits_since(), program, catalog_.faculty_of(program)}, held.grant, held.want);
    }
  }
  return waiting;
}

WaitListSize Allocator::wait_list_size(SemesterId semester_id) const {
  const auto found = semesters_.find(semester_id);
  if (found == semesters_.end()) return {};
  const auto& semester = found->second;
  auto waiting = all_waiting(semester);
  const auto count = waiting.size();
  const auto held = [&](ProgramId program) { return find_holding(semester, program)->held(); };
  const auto settled = settle_all(std::move(waiting), semester.quotas, semester.totals.left, held);
  return {static_cast<std::int64_t>(count), static_cast<std::int64_t>(settled.grants.size())};
}

const WaitList* Allocator::wait_list(SemesterId semester) const {
  const auto found = semesters_.find(semester);
  return found == semesters_.end() || !found->second.waiting ? nullptr : &*found->second.waiting;
}

std::vector<TopUp> Allocator::top_ups(SemesterId semester_id, std::size_t count_max) {
  auto& semester = semesters_.at(semester_id);
  if (!semester.waiting) return {};
  const auto held = [&](ProgramId program) { return find_holding(semester, program)->held(); };
  return settle(*semester.waiting, semester.quotas, semester.totals.left, held, count_max);
}

const Allocator::Released* Allocator::find_released(const Semester& semester, ProgramId program) {
  if (semester.released.empty()) return nullptr;
  const auto found = semester.released.find(program);
  return found == semester.released.end() ? nullptr : &found->second;
}

Allocator::ProgramState Allocator::state_of(const Semester& semester, ProgramId program) {
  const auto* const released = find_released(semester, program);
  ProgramState state{.held = {}, .generation = released == nullptr ? 0 : released->generation};
  if (const auto* const held = find_holding(semester, program)) {
    state.held = held->held();
    state.waits_since = held->waits_since();
    ++state.generation;
    if (!semester.holds.empty()) state.expires_at = semester.holds.end_of(program);
  }
  return state;
}

Allocator::ProgramState Allocator::program(SemesterId semester, ProgramId program) const {
  return state_of(semesters_.at(semester), program);
}

std::optional<std::string> Allocator::serve(const std::vector<StoredSemester>& semesters) {
  open_.clear();
  // Another server may have closed a semester that this one has read only up to an entry before.
  std::erase_if(unsettled_, [&](SemesterId id) {
    return std::none_of(semesters.begin(), semesters.end(), [&](const auto& stored) { return stored.id == id; });
  });
  for (auto& [id, semester] : semesters_) keep_expiry(id, semester, false);
  for (const auto& stored : semesters) {
    const auto found = semesters_.find(stored.id);
    const auto totals = found == semesters_.end() ? LedgerTotals{} : found->second.totals;
    if (const auto difference = compare(totals, stored)) {
      return "semester " + in_quotes(stored.name) + ": " + to_string(*difference);
    }
    open_.emplace(stored.name, stored.id);
    keep_expiry(stored.id, found->second, true);
  }
  return std::nullopt;
}

std::optional<std::string> Allocator::open(SemesterId semester, const std::string& name, const Capacity& capacity) {
  LedgerEntry opened;
  opened.seq = 1;
  opened.kind = EntryKind::kSemesterOpened;
  opened.capacity = capacity;
  if (const auto difference = replay(semester, row_of(opened))) {
    return "semester " + in_quotes(name) + ": " + to_string(*difference);
  }
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
    const bool is_refused = ids[i] != 0 && is_retired_without_grant(semester, ids[i]);
    if (ids[i] != 0 && !is_refused) {
      decision.outcome.programs.push_back(
          decide_program(semester, decision.faculty_id, ids[i], want, request.request_id, entries));
      const auto& outcome = decision.outcome.programs.back();
      if (outcome.status != Status::kOk && outcome.status != Status::kNotEnoughResources) continue;
      auto detail = quota_detail(semester.quotas, decision.faculty_id, catalog_.faculty_name(decision.faculty_id), want,
                                 outcome.grant);
      if (detail) decision.outcome.details.push_back({i, *std::move(detail)});
      continue;
    }
    decision.outcome.programs.push_back({Status::kInvalidProgram, {}});
    auto meanings =
        is_refused ? std::string{kRetired} : catalog_.program_meanings(decision.faculty_id, request.programs[i].name);
    if (!meanings.empty()) decision.outcome.details.push_back({i, std::move(meanings)});
  }
  decision.entry_count = entries.size() - entries_before;
  return decision;
}

void Allocator::count(Semester& semester, const Place& place, const Grant& grant, const Want& want) {
  semester.quotas.add(place.faculty, grant);
  if (!semester.waiting) return;
  semester.waiting->add(place, grant, want);
  semester.waiting->set_room(place.faculty, semester.quotas.room(place.faculty));
}

/// A retired program keeps the grant that it holds, and a repeat of its request gets this grant.
bool Allocator::is_retired_without_grant(const Semester& semester, ProgramId program) const {
  return catalog_.is_retired(program) && find_holding(semester, program) == nullptr;
}

ProgramOutcome Allocator::decide_program(Semester& semester, FacultyId faculty, ProgramId program, const Want& want,
                                         const std::optional<std::string>& request_id,
                                         std::vector<LedgerEntry>& entries) {
  if (const auto* held = find_holding(semester, program)) {
    const auto [wanted, grant] = held->held();
    return {want == wanted ? grant_status(wanted, grant) : Status::kAlreadyHasResources, grant};
  }
  const auto* const released = find_released(semester, program);
  if (released != nullptr && request_id) {
    // A late copy of the request of a grant that was given back must not grant again.
    if (is_spent(*released, *request_id)) return {Status::kGrantReleased, {}};
  }
  const auto grant = allocate(semester.totals.left, within(want, semester.quotas.allowance(faculty)));
  semester.totals.left = charge(semester.totals.left, grant);
  DTI_CHECK(is_not_negative(semester.totals.left));
  put_holding(semester, program, want, grant, ++semester.totals.head);
  count(semester, {semester.totals.head, program, faculty}, grant, want);
  entries.push_back({.seq = semester.totals.head,
                     .kind = EntryKind::kGranted,
                     .cause = Cause::kAsked,
                     .program_id = program,
                     .generation = released == nullptr ? 1 : released->generation + 1,
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
  DTI_CHECK(entry.kind == EntryKind::kGranted && entry.cause == Cause::kAsked && entry.seq == semester.totals.head);
  DTI_CHECK(find_holding(semester, entry.program_id) != nullptr);
  const auto faculty = catalog_.faculty_of(entry.program_id);
  semester.quotas.remove(faculty, entry.grant);
  if (semester.waiting) {
    semester.waiting->remove({entry.seq, entry.program_id, faculty}, entry.grant, entry.want);
    semester.waiting->set_room(faculty, semester.quotas.room(faculty));
  }
  holding_of(semester, entry.program_id) = {};
  semester.totals.left = give_back(semester.totals.left, entry.grant);
  --semester.totals.head;
}

Seq Allocator::head(SemesterId semester) const {
  const auto found = semesters_.find(semester);
  return found == semesters_.end() ? 0 : found->second.totals.head;
}

Pool Allocator::left(SemesterId semester) const {
  const auto found = semesters_.find(semester);
  return found == semesters_.end() ? Pool{} : found->second.totals.left;
}

Capacity Allocator::capacity(SemesterId semester) const { return totals(semester).capacity; }

LedgerTotals Allocator::totals(SemesterId semester) const {
  const auto found = semesters_.find(semester);
  return found == semesters_.end() ? LedgerTotals{} : found->second.totals;
}

std::unordered_map<SemesterId, Seq> Allocator::heads() const {
  std::unordered_map<SemesterId, Seq> heads;
  for (const auto& [id, semester] : semesters_) heads.emplace(id, semester.totals.head);
  return heads;
}

}  // namespace dti
