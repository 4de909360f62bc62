#include "dti/service/allocation/hold_request.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "dti/base/time_text.hpp"
#include "dti/domain/hold.hpp"
#include "dti/domain/name_fault.hpp"
#include "service/allocation/entry_draft.hpp"
#include "service/allocation/own_commands.hpp"

namespace dti {
namespace {

EntryDraft::Base base_of(SemesterId semester, const Allocator& allocator, WallTime at) {
  return {.semester_id = semester,
          .totals = allocator.totals(semester),
          .quotas = allocator.quotas(semester),
          .waiting = allocator.wait_list(semester),
          .program_count = allocator.catalog().size(),
          .faculty_count = allocator.catalog().faculty_count(),
          .at = at};
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
        draft_(base_of(semester, allocator, at)) {}

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
      } else if (allocator_.catalog().is_retired(ids[i]) && !state_of(ids[i]).held) {
        programs.push_back({Status::kInvalidProgram, {}});
        detail = kRetired;
      } else {
        programs.push_back(decide(ids[i], faculty, request_.programs[i].want, detail));
        if (detail.empty()) detail = detail_of_quota(faculty, request_.programs[i].want, programs.back());
      }
      if (!detail.empty()) details.push_back({i, std::move(detail)});
    }
    held.overtakes = overtakes_;
    if (overtakes_) return held;
    // At the end: the last entry of a change has the note of its command, and a grant that was asked for has no command.
    const auto command_id = own_command_id(kConfirmPrefix, semester_, allocator_.head(semester_));
    for (const auto program : confirmed_) {
      auto& state = state_of(program);
      draft_.add(about_grant(EntryKind::kConfirmed, program, state.generation), faculty, state, {command_id});
    }
    held.decision.entry_count = draft_.size();
    if (draft_.size() > 0) held.change = std::move(draft_).finish({{}, "server", "request without hold-seconds"});
    return held;
  }

 private:
  ProgramOutcome decide(ProgramId program, FacultyId faculty, const Want& want, std::string& detail) {
    auto& state = state_of(program);
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
    // What the rule gives to a program that holds nothing.
    entry.grant = allocate(draft_.totals().left, within(want, draft_.quotas().allowance(faculty)));
    if (request_.hold_seconds > 0) {
      entry.expires_at = microseconds_of(at_ + std::chrono::seconds{request_.hold_seconds});
    }
    draft_.add(entry, faculty, state, {.request_id = request_.request_id});
    return {grant_status(want, entry.grant), entry.grant, entry.expires_at};
  }

  [[nodiscard]] std::string detail_of_quota(FacultyId faculty, const Want& want, const ProgramOutcome& outcome) const {
    if (outcome.status != Status::kOk && outcome.status != Status::kNotEnoughResources) return {};
    const auto& name = allocator_.catalog().faculty_name(faculty);
    return quota_detail(draft_.quotas(), faculty, name, want, outcome.grant).value_or(std::string{});
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

  /// After the entries of the draft.
  Allocator::ProgramState& state_of(ProgramId program) {
    const auto [found, is_new] = states_.try_emplace(program);
    if (is_new) found->second = allocator_.program(semester_, program);
    return found->second;
  }

  const AllocationRequest& request_;
  const SemesterId semester_;
  const Allocator& allocator_;
  const bool may_grant_;
  const WallTime at_;
  EntryDraft draft_;
  std::map<ProgramId, Allocator::ProgramState> states_;
  std::vector<ProgramId> confirmed_;
  bool overtakes_ = false;
};

}  // namespace

HeldDecision decide_held(const AllocationRequest& request, const Allocator& allocator, bool may_grant, WallTime at) {
  return Decider{request, allocator.find_semester(request.semester).value(), allocator, may_grant, at}.decide(
      allocator.catalog().find_faculty(request.faculty_name));
}

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

Change change_of(SemesterId semester, const std::vector<DueHold>& due, const Allocator& allocator, WallTime at) {
  EntryDraft draft{base_of(semester, allocator, at)};
  const auto command_id = own_command_id(kExpirePrefix, semester, draft.totals().head);
  for (const auto& [program, request_id] : due) {
    auto state = allocator.program(semester, program);
    draft.add(release_of(program, state, Cause::kExpired), allocator.catalog().faculty_of(program), state,
              {command_id, request_id, {}});
  }
  return std::move(draft).finish({{}, "server", "the holds have expired"});
}

}  // namespace dti
