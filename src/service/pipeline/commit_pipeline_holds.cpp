// The part of the pipeline that stores requests about holds, and lets holds expire.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dti/base/check.hpp"
#include "dti/base/time_text.hpp"
#include "dti/domain/hold.hpp"
#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/service/pipeline/commit_pipeline.hpp"
#include "service/pipeline/pipeline_errors.hpp"

namespace dti {
namespace {

/// The decision for a request that concerns holds, and the change that stores it.
struct HeldDecision {
  Decision decision;
  std::optional<Change> change;  // without an epoch; none: nothing is to be written
  bool overtakes = false;        // it needs a grant, and there may be none now: the rest means nothing
};

/// The release of a hold that is due, and the request-id of its grant as the store has it.
struct DueHold {
  ProgramId program = 0;
  std::optional<std::string> request_id;
};

/// Entries of a semester, and the state of its programs after them. It replays each entry at once, so that no entry is written
/// that the replay of the ledger would refuse.
class Entries {
 public:
  Entries(SemesterId semester, const Allocator& allocator, WallTime at)
      : semester_(semester),
        allocator_(allocator),
        totals_(allocator.totals(semester)),
        quotas_(allocator.quotas(semester)),
        base_(totals_.head),
        at_(at) {}

  [[nodiscard]] const Allocator::ProgramState& state(ProgramId program) {
    const auto [found, is_new] = states_.try_emplace(program);
    if (is_new) found->second = allocator_.program(semester_, program);
    return found->second;
  }
  /// What the rule gives to a program that holds nothing.
  [[nodiscard]] Grant allocate(ProgramId program, const Want& want) const {
    return dti::allocate(totals_.left, within(want, quotas_.allowance(faculty_of(program))));
  }
  [[nodiscard]] Seq base() const { return base_; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  void add(LedgerEntry entry, const std::optional<std::string>& request_id, const std::string& command_id) {
    entry.seq = totals_.head + 1;
    StoredEntry stored{row_of(entry), microseconds_of(at_), request_id};
    if (request_id) stored.row.request = id_hash(*request_id);
    if (!command_id.empty()) {
      stored.command_id = command_id;
      stored.row.command = id_hash(command_id);
    }
    if (rests_on_time(stored.row)) stored.row.at = stored.at;
    const auto& before = state(entry.program_id);
    const RowContext context{.program_count = allocator_.catalog().size(),
                             .faculty = faculty_of(entry.program_id),
                             .held = before.held,
                             .generation = before.generation,
                             .waits_since = before.waits_since,
                             .waiting = allocator_.wait_list(semester_),
                             .quotas = &quotas_,
                             .expires_at = before.expires_at};
    const auto fault = replay(totals_, stored.row, context);
    DTI_CHECK(!fault);
    keep_quotas(quotas_, stored.row, context);
    auto& after = states_.at(entry.program_id);
    if (entry.kind == EntryKind::kReleased) after.held.reset();
    if (entry.kind == EntryKind::kGranted) {
      after = {HeldGrant{entry.want, entry.grant}, entry.generation, totals_.waits_since};
    }
    after.expires_at = entry.expires_at;
    entries_.push_back(std::move(stored));
  }

  [[nodiscard]] const Quotas& quotas() const { return quotas_; }

  [[nodiscard]] Change finish(std::string note) && {
    return {.semester_id = semester_,
            .base = base_,
            .capacity = totals_.capacity,
            .left = totals_.left,
            .entries = std::move(entries_),
            .note = {{}, "server", std::move(note)},
            .registered = {},
            .at = at_};
  }

 private:
  [[nodiscard]] FacultyId faculty_of(ProgramId program) const { return allocator_.catalog().faculty_of(program); }

  const SemesterId semester_;
  const Allocator& allocator_;
  LedgerTotals totals_;
  Quotas quotas_;
  const Seq base_;
  const WallTime at_;
  std::map<ProgramId, Allocator::ProgramState> states_;
  std::vector<StoredEntry> entries_;
};

/// A command-id of the server itself: fault_of() refuses such ids of others.
std::string command_id_of(const char* verb, SemesterId semester, Seq head) {
  return std::string{verb} + '-' + std::to_string(semester) + '-' + std::to_string(head);
}

std::string hold_text(std::int64_t expires_at) {
  return "the program has a hold until " + time_text(WallTime{std::chrono::microseconds{expires_at}}) +
         "; a request with its numbers and without hold-seconds confirms it";
}

/// Decides the programs of one request, in their order.
class Decider {
 public:
  Decider(const AllocationRequest& request, SemesterId semester, const Allocator& allocator, bool may_grant,
          WallTime at)
      : request_(request),
        semester_(semester),
        allocator_(allocator),
        may_grant_(may_grant),
        at_(at),
        entries_(semester, allocator, at) {}

  HeldDecision decide(FacultyId faculty) && {
    HeldDecision held;
    held.decision.semester_id = semester_;
    held.decision.faculty_id = faculty;
    const auto ids = allocator_.catalog().find_programs(faculty, request_.programs);
    auto& [error, programs, details] = held.decision.outcome;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      std::string detail;
      if (ids[i] == 0) {
        programs.push_back({Status::kInvalidProgram, {}});
        detail = allocator_.catalog().program_meanings(faculty, request_.programs[i].name);
      } else if (allocator_.catalog().is_retired(ids[i]) && !entries_.state(ids[i]).held) {
        programs.push_back({Status::kInvalidProgram, {}});
        detail = kRetired;
      } else {
        programs.push_back(decide(ids[i], request_.programs[i].want, detail));
        if (detail.empty()) detail = detail_of_quota(faculty, request_.programs[i].want, programs.back());
      }
      if (!detail.empty()) details.push_back({i, std::move(detail)});
    }
    held.overtakes = overtakes_;
    if (overtakes_) return held;
    // At the end: the last entry of a change has the note of its command, and a grant that was asked for has no command.
    const auto command_id = command_id_of("confirm", semester_, entries_.base());
    for (const auto program : confirmed_) {
      LedgerEntry entry;
      entry.kind = EntryKind::kConfirmed;
      entry.program_id = program;
      entry.generation = entries_.state(program).generation;
      entries_.add(entry, std::nullopt, command_id);
    }
    held.decision.entry_count = entries_.size();
    if (entries_.size() > 0) held.change = std::move(entries_).finish("request without hold-seconds");
    return held;
  }

 private:
  ProgramOutcome decide(ProgramId program, const Want& want, std::string& detail) {
    const auto& state = entries_.state(program);
    if (state.held) return repeat(program, want, state, detail);
    if (request_.request_id && allocator_.is_spent(semester_, program, *request_.request_id)) {
      return {Status::kGrantReleased, {}};
    }
    if (!may_grant_) {
      overtakes_ = true;
      return {};
    }
    LedgerEntry entry;
    entry.program_id = program;
    entry.generation = state.generation + 1;
    entry.want = want;
    entry.grant = entries_.allocate(program, want);
    if (request_.hold_seconds > 0) {
      entry.expires_at = microseconds_of(at_ + std::chrono::seconds{request_.hold_seconds});
    }
    entries_.add(entry, request_.request_id, {});
    return {grant_status(want, entry.grant), entry.grant, entry.expires_at};
  }

  [[nodiscard]] std::string detail_of_quota(FacultyId faculty, const Want& want, const ProgramOutcome& outcome) const {
    if (outcome.status != Status::kOk && outcome.status != Status::kNotEnoughResources) return {};
    const auto& name = allocator_.catalog().faculty_name(faculty);
    return quota_detail(entries_.quotas(), faculty, name, want, outcome.grant).value_or(std::string{});
  }

  ProgramOutcome repeat(ProgramId program, const Want& want, const Allocator::ProgramState& state,
                        std::string& detail) {
    const auto& [wanted, grant] = *state.held;
    const bool was_confirmed = std::find(confirmed_.begin(), confirmed_.end(), program) != confirmed_.end();
    const auto expires_at = was_confirmed ? 0 : state.expires_at;
    if (want != wanted) {
      if (expires_at != 0) detail = hold_text(expires_at);
      return {Status::kAlreadyHasResources, grant, expires_at};
    }
    if (expires_at == 0 || request_.hold_seconds > 0) return {grant_status(wanted, grant), grant, expires_at};
    confirmed_.push_back(program);
    return {grant_status(wanted, grant), grant};
  }

  const AllocationRequest& request_;
  const SemesterId semester_;
  const Allocator& allocator_;
  const bool may_grant_;
  const WallTime at_;
  Entries entries_;
  std::vector<ProgramId> confirmed_;
  bool overtakes_ = false;
};

/// Decides a request for which Allocator::concerns_holds() is true. It changes nothing: the state changes when the entries of
/// the change are replayed.
/// A request with hold-seconds gets holds, and repeats its holds and firm grants. A request without it confirms a hold with
/// the same numbers.
/// @param may_grant  false: a program that waits must be topped up before anything is granted
/// @param at  the ledger's time. No program of the request has a hold that is due
/// Source: docs/allocation.md, Holds
HeldDecision decide_held(const AllocationRequest& request, const Allocator& allocator, bool may_grant, WallTime at) {
  return Decider{request, allocator.find_semester(request.semester).value(), allocator, may_grant, at}.decide(
      allocator.catalog().find_faculty(request.faculty_name));
}

/// The first hold of a program of the request that is due; 0: there is none.
ProgramId find_due(const AllocationRequest& request, const Allocator& allocator, WallTime at) {
  const auto& holds = allocator.holds(allocator.find_semester(request.semester).value());
  if (holds.empty() || !is_due(holds.queue().begin()->expires_at, microseconds_of(at))) return 0;
  const auto faculty = allocator.catalog().find_faculty(request.faculty_name);
  for (const auto program : allocator.catalog().find_programs(faculty, request.programs)) {
    const auto end = holds.end_of(program);
    if (end != 0 && is_due(end, microseconds_of(at))) return program;
  }
  return 0;
}

/// The change by which holds expire. It has no epoch yet.
/// @param due  at least one, each once
/// @param at  the ledger's time
Change change_of(SemesterId semester, const std::vector<DueHold>& due, const Allocator& allocator, WallTime at) {
  Entries entries{semester, allocator, at};
  const auto command_id = command_id_of("expire", semester, entries.base());
  for (const auto& [program, request_id] : due) {
    const auto& state = entries.state(program);
    LedgerEntry entry;
    entry.kind = EntryKind::kReleased;
    entry.cause = Cause::kExpired;
    entry.program_id = program;
    entry.generation = state.generation;
    entry.want = state.held->want;
    entry.grant = state.held->grant;
    entries.add(entry, request_id, command_id);
  }
  return std::move(entries).finish("the holds have expired");
}

}  // namespace

/// What is decided now would rest on the ledger before a change that is on its way to the store.
bool CommitPipeline::is_changing() const { return top_ups_ || held_ || expiring_ || expired_; }

/// The holds that are to expire before anything else is decided.
std::optional<DueHolds> CommitPipeline::due_holds(const Now& now) const {
  if (stop_at_ || !lead_.leads() || allocator_.expiries().empty()) return std::nullopt;  // as for programs that wait
  return expiring_holds_.next(allocator_, microseconds_of(clock_.at(now.steady)));
}

std::optional<SteadyTime> CommitPipeline::next_expiry() const {
  if (stop_at_ || !lead_.leads() || allocator_.expiries().empty()) return std::nullopt;
  const auto end = expiring_holds_.first_end(allocator_);
  if (!end) return std::nullopt;
  return clock_.when(WallTime{std::chrono::microseconds{*end}});
}

/// Decides a request that concerns holds, if nothing is on its way to the store.
/// @return false: it must wait, or its change is on its way
bool CommitPipeline::decide_held(const Now& now) {
  auto& waiting = queue_.undecided.front();
  const auto semester = allocator_.find_semester(waiting.request.semester);
  const auto at = clock_.at(now.steady);
  HeldDecision held;
  if (const auto due = find_due(waiting.request, allocator_, at); due != 0) {
    if (!stop_at_ && !expiring_holds_.is_aside(*semester, due)) return false;  // it expires first
    held.decision.outcome =
        failed(stop_at_ ? end_error_ : unavailable("the store does not accept that a hold of the program has expired"));
  } else {
    held = dti::decide_held(waiting.request, allocator_, !must_not_overtake(semester), at);
    if (held.overtakes) held.decision.outcome = overtaking();
  }
  if (held.change && (is_calling() || !queue_.gathering.empty())) return false;
  waiting.faculty_id = held.decision.faculty_id;
  waiting.outcome = std::move(held.decision.outcome);
  if (!held.change) {
    group_for(semester, now).requests.push_back(std::move(waiting));
    queue_.undecided.pop_front();
    return true;
  }
  RequestGroup group;
  group.semester_id = semester;
  group.base = held.change->base;
  group.requests.push_back(std::move(waiting));
  queue_.undecided.pop_front();
  queue_.in_flight.push_back(std::move(group));
  held.change->epoch = lead_.epoch();
  held_ = *std::move(held.change);
  call_store(ChangeCall{*held_}, now);
  return false;
}

void CommitPipeline::on_held(const Ended<ChangeCall>& changing, const Now& now) {
  const auto change = *std::exchange(held_, std::nullopt);
  if (const auto* failure = changing.failure()) return on_failure(*failure, now);
  if (changing.answer() == CommitResult::kCommitted) {
    on_accepted();
    if (!follow(change, now)) return;
  }
  on_written(changing.answer(), now);
}

/// Starts to let holds expire, as soon as nothing else is on its way to the store: reads their grants, because a release
/// repeats the request-id.
void CommitPipeline::expire(DueHolds due, const Now& now) {
  if (is_calling() || !queue_.gathering.empty()) return;
  LookUpCall call{lead_.epoch(), {{due.semester, allocator_.head(due.semester)}}, {}};
  for (const auto program : due.programs) {
    call.entries.push_back({.semester_id = due.semester,
                            .program = program,
                            .generation = allocator_.program(due.semester, program).generation});
  }
  expiring_ = std::move(due);
  call_store(std::move(call), now);
}

void CommitPipeline::on_expiring(const Ended<LookUpCall>& look_up, const Now& now) {
  const auto due = *std::exchange(expiring_, std::nullopt);
  if (const auto* failure = look_up.failure()) return on_failure(*failure, now);
  if (!passes(look_up.answer().guard, now)) return;
  std::vector<DueHold> holds;
  for (const auto program : due.programs) {
    const auto& entries = look_up.answer().entries;
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const StoredEntry& entry) { return entry.row.program_id == program; });
    if (found == entries.end()) {
      return on_failure({StorageError::Kind::kInvariant, "the store has no entry of a hold that is due"}, now);
    }
    holds.push_back({program, found->request_id});
  }
  auto change = change_of(due.semester, holds, allocator_, clock_.at(now.steady));
  change.epoch = lead_.epoch();
  expired_ = change;
  call_store(ChangeCall{std::move(change)}, now);
}

void CommitPipeline::on_expired(const Ended<ChangeCall>& changing, const Now& now) {
  const auto change = *std::exchange(expired_, std::nullopt);
  DueHolds due{change.semester_id, {}};
  for (const auto& entry : change.entries) due.programs.push_back(static_cast<ProgramId>(*entry.row.program_id));
  if (const auto* failure = changing.failure()) {
    if (failure->kind == StorageError::Kind::kInvariant && expiring_holds_.on_contradicted()) {
      reading_.read_all_next();
      return take_over_again("a constraint of the store fired: " + failure->text, now);
    }
    const bool is_refused =
        failure->kind == StorageError::Kind::kInvariant || failure->kind == StorageError::Kind::kRejected;
    return is_refused ? on_expiry_rejected(due, *failure, now) : on_failure(*failure, now);
  }
  switch (changing.answer()) {
    case CommitResult::kCommitted: break;
    case CommitResult::kReplaced: return step_down(now);
    case CommitResult::kBaseMoved: return take_over_again("the store's ledger is not where it was left", now);
  }
  lead_.on_answer();
  invariant_failed_ = false;
  expiring_holds_.on_committed(due);
  if (!follow(change, now)) return;
  settling_.resume(change.semester_id);
  just_expired_ = true;
  log(LogEvent{LogLevel::kInfo,
               "holds-expired",
               "holds have expired, and their rooms are free",
               {{"semester", semester_name(change.semester_id)},
                {"programs", std::to_string(due.programs.size())},
                {"command-id", change.entries.back().command_id.value_or("")},
                {"seq", std::to_string(change.entries.back().row.seq)}}});
  pump(now);
}

/// The store works and has refused the change: smaller ones find the hold that it refuses, which is put aside.
void CommitPipeline::on_expiry_rejected(const DueHolds& due, const StoreFailure& failure, const Now& now) {
  if (expiring_holds_.on_rejected(due, now.steady) && rejected_expiries_.pass(now.steady)) {
    log(LogLevel::kError, "expiry-rejected-by-store",
        failure.text + "; semester " + escaped(semester_name(due.semester)) + ", " +
            program_text(due.programs.front()) + ": its hold is due, and keeps its rooms until the store accepts it");
  }
  pump(now);
}

}  // namespace dti
