#include "dti/service/allocation/office.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "dti/base/time_text.hpp"
#include "dti/domain/amend.hpp"
#include "dti/domain/hold.hpp"
#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/service/ledger/quantity_text.hpp"
#include "service/allocation/entry_draft.hpp"
#include "service/allocation/office_entries.hpp"

namespace dti {
namespace {

OfficeOutcome facts_of(const LedgerTotals& totals, Seq seq, const Allocator::ProgramState& state) {
  OfficeOutcome outcome;
  outcome.seq = seq;
  outcome.grant = state.held;
  outcome.capacity = totals.capacity;
  outcome.left = totals.left;
  outcome.is_open = totals.is_open;
  outcome.has_wait_list = totals.has_wait_list;
  const bool waits =
      totals.has_wait_list && state.held && grant_status(state.held->want, state.held->grant) != Status::kOk;
  if (waits) outcome.waits_since = state.waits_since;
  outcome.expires_at = state.expires_at;
  return outcome;
}

OfficeOutcome refused(OfficeOutcome facts, Status status, std::string detail) {
  facts.error = RequestError{status, std::move(detail), {}, {}};
  return facts;
}

/// @return none: the command is about something else
std::optional<WaitListSize> waiting_in(const OfficeSubject& subject, bool is_on) {
  if (!subject.wait_list_size) return std::nullopt;
  return is_on ? subject.wait_list_size() : WaitListSize{};
}

/// Decides each kind of change of a subject that is as the command expects.
class Decider {
 public:
  using Decided = std::variant<OfficePlan, OfficeOutcome>;

  /// @param entries   about the subject, on which the decision rests
  /// @param of_holds  the entries about the holds that the command ends
  Decider(const OfficeCommand& command, const OfficeSubject& subject, OfficeOutcome facts,
          const std::vector<StoredEntry>& entries, const std::vector<StoredEntry>& of_holds)
      : command_(command),
        subject_(subject),
        facts_(std::move(facts)),
        entries_(entries),
        request_id_(entries.empty() ? std::nullopt : entries.front().request_id),
        of_holds_(of_holds),
        draft_(base_of(subject)),
        state_(subject.state) {}

  Decided operator()(const ReleaseGrant& /*change*/) {
    if (!facts_.grant) return refuse("the program holds no grant");
    release(Cause::kReleased);
    return finish();
  }

  Decided operator()(const AmendGrant& change) {
    if (!facts_.grant) return refuse("the program holds no grant");
    if (facts_.expires_at != 0 && is_due(facts_.expires_at)) return *refuse_without_hold();
    const auto& left = subject_.totals.left;
    const auto& held = facts_.grant->grant;
    const bool wants_more = change.want.classrooms > held.classrooms || change.want.labs > held.labs + held.mobile_labs;
    if (subject_.is_retired && wants_more) return refuse("the program is retired: it gets no more than it holds");
    const auto grant = amend_in_order(left, held, change.want,
                                      {.program = subject_.program,
                                       .faculty = subject_.faculty,
                                       .allowance = subject_.quotas.allowance(subject_.faculty, held),
                                       .waiting = subject_.waiting});
    if (HeldGrant{change.want, grant} == *facts_.grant) return facts_;  // nothing changes
    if (grant_status(change.want, grant) != Status::kOk && !change.accepts_part) {
      return refuse("only " + text_of(grant) + " of " + text_of(change.want) +
                    " could be given; the grant stands as it is, unless a part is accepted");
    }
    release(Cause::kAmended);
    grant_again(Cause::kAmended, change.want, grant, facts_.expires_at);
    return finish();
  }

  Decided operator()(const ResizeSemester& change) {
    const auto& totals = subject_.totals;
    if (change.capacity == totals.capacity) return facts_;
    if (!left_after_resize(totals.left, totals.capacity, change.capacity)) {
      return refuse("the semester cannot have " + text_of(change.capacity) + ": " +
                    text_of(granted_of(totals.capacity, totals.left)) + " of it are granted");
    }
    auto entry = about_semester(EntryKind::kCapacityChanged);
    entry.capacity = change.capacity;
    add(entry);
    return finish();
  }

  Decided operator()(const CloseSemester& change) {
    if (!facts_.is_open) return refuse("the semester is closed");
    if (!subject_.holds.empty() && change.holds == OpenHoldsAtClose::kRefuse) {
      return refuse("the semester has open holds (" + std::to_string(subject_.holds.size()) +
                    "): confirm or cancel them, or let the command do so");
    }
    for (auto hold : subject_.holds) {
      if (is_due(hold.state.expires_at)) {
        end(hold, Cause::kExpired);
      } else if (change.holds == OpenHoldsAtClose::kCancel) {
        end(hold, Cause::kCancelled);
      } else {
        draft_.add(about_grant(EntryKind::kConfirmed, hold.program, hold.state.generation), hold.faculty, hold.state,
                   {.command_id = command_.id});
      }
    }
    add(about_semester(EntryKind::kSemesterClosed));
    auto plan = finish({semester_closed(subject_.semester_id, subject_.semester)});
    plan.outcome.holds = facts_.holds;
    return plan;
  }

  Decided operator()(const ReopenSemester& /*change*/) {
    if (facts_.is_open) return refuse("the semester is open");
    add(about_semester(EntryKind::kSemesterReopened));
    return finish({semester_reopened(subject_.semester_id, subject_.semester)});
  }

  Decided operator()(const SetWaitList& change) {
    if (change.is_on == facts_.has_wait_list) return facts_;
    const auto retired = change.is_on && subject_.find_retired_waiting ? subject_.find_retired_waiting() : std::nullopt;
    if (retired) {
      return refuse("program " + escaped(retired->program) + " of " + escaped(retired->faculty) +
                    " would wait, and is retired: first amend its grant to what it holds");
    }
    auto entry = about_semester(EntryKind::kSetting);
    entry.setting = setting_of(change);
    add(entry);
    auto plan = finish();
    plan.outcome.waiting = waiting_in(subject_, change.is_on);
    return plan;
  }

  Decided operator()(const LeaveWaitList& /*change*/) {
    if (!facts_.has_wait_list) return refuse("the semester has no wait list");
    if (facts_.waits_since == 0) return refuse("the program does not wait");
    add(about_grant(EntryKind::kWaitingLeft, subject_.program, subject_.state.generation));
    return finish();
  }

  Decided operator()(const ConfirmHold& change) {
    if (auto no = refuse_without_hold()) return *std::move(no);
    const auto& held = *facts_.grant;
    if (!change.part || *change.part == held.want) {
      add(about_grant(EntryKind::kConfirmed, subject_.program, subject_.state.generation));
      return finish();
    }
    if (change.part->classrooms > held.want.classrooms || change.part->labs > held.want.labs) {
      return refuse("a part of the hold cannot be more than its " + text_of(held.want));
    }
    release(Cause::kConfirmedInPart);
    grant_again(Cause::kConfirmedInPart, *change.part, kept(held.grant, *change.part), 0);
    return finish();
  }

  Decided operator()(const ExtendHold& change) {
    if (auto no = refuse_without_hold()) return *std::move(no);
    auto entry = about_grant(EntryKind::kHoldExtended, subject_.program, subject_.state.generation);
    entry.expires_at = microseconds_of(subject_.at + std::chrono::seconds{change.seconds});
    if (entry.expires_at <= facts_.expires_at) {
      return refuse("the hold lasts until " + time_text(WallTime{std::chrono::microseconds{facts_.expires_at}}) +
                    ", and an extension does not make it shorter");
    }
    add(entry);
    return finish();
  }

  Decided operator()(const CancelHold& /*change*/) {
    if (facts_.expires_at == 0) return *refuse_without_hold();
    release(Cause::kCancelled);
    return finish();
  }

  Decided operator()(const SetQuota& change) {
    const auto& [quota, held] = *facts_.quota;
    if (change.quota == quota) return facts_;
    if (breaks(change.quota, held)) {
      return refuse("faculty " + escaped(subject_.faculty_name) + " holds " + text_of(held) +
                    ", so its quota cannot be " + text_of(change.quota) + "; a soft limit can be less than that");
    }
    auto entry = about_semester(EntryKind::kQuotaSet);
    entry.faculty_id = subject_.faculty;
    entry.quota = change.quota;
    add(entry);
    auto plan = finish();
    plan.outcome.quota = QuotaFacts{change.quota, held};
    return plan;
  }

  Decided operator()(const OpenRound& change) {
    draft_.add(about_semester(EntryKind::kRoundOpened), {command_.id, {}, "hash=" + change.commitment});
    return finish();
  }

  Decided operator()(const RunRound& change) {
    return dti::decide(command_, change, subject_, entries_.empty() ? StoredEntry{} : entries_.back(), facts_);
  }

 private:
  static LedgerEntry about_semester(EntryKind kind) {
    LedgerEntry entry;
    entry.kind = kind;
    return entry;
  }

  void add(LedgerEntry entry, const std::optional<std::string>& request_id = {}) {
    draft_.add(std::move(entry), subject_.faculty, state_, {command_.id, request_id, {}});
  }
  void release(Cause cause) { add(release_of(subject_.program, state_, cause), request_id_); }
  /// A grant in the place of the one that was released.
  void grant_again(Cause cause, const Want& want, const Grant& grant, std::int64_t expires_at) {
    auto entry = about_grant(EntryKind::kGranted, subject_.program, state_.generation + 1);
    entry.cause = cause;
    entry.want = want;
    entry.grant = grant;
    entry.expires_at = expires_at;
    add(std::move(entry));
  }
  void end(OpenHold& hold, Cause cause) {
    draft_.add(release_of(hold.program, hold.state, cause), hold.faculty, hold.state,
               {command_.id, request_id_of(hold.program), {}});
  }
  OfficePlan finish(std::vector<RegistryEntry> registered = {}) {
    OfficePlan plan;
    plan.outcome = facts_of(draft_.totals(), draft_.totals().head, state_);
    plan.change = std::move(draft_).finish({{}, command_.actor, command_.note});
    plan.change.registered = std::move(registered);
    return plan;
  }
  [[nodiscard]] bool is_due(std::int64_t expires_at) const {
    return dti::is_due(expires_at, microseconds_of(subject_.at));
  }
  /// @return none: the program has a hold that is not due
  [[nodiscard]] std::optional<OfficeOutcome> refuse_without_hold() const {
    if (facts_.expires_at == 0) return refuse("the program has no hold");
    if (!is_due(facts_.expires_at)) return std::nullopt;
    return refused(facts_, Status::kHoldExpired, "the hold is past its end");
  }
  /// @return that of the grant of a hold, as the store has it
  [[nodiscard]] std::optional<std::string> request_id_of(ProgramId program) const {
    const auto found = std::find_if(of_holds_.begin(), of_holds_.end(),
                                    [&](const StoredEntry& entry) { return entry.row.program_id == program; });
    return found == of_holds_.end() ? std::nullopt : found->request_id;
  }
  [[nodiscard]] OfficeOutcome refuse(std::string detail) const {
    return refused(facts_, Status::kRefused, std::move(detail));
  }

  const OfficeCommand& command_;
  const OfficeSubject& subject_;
  const OfficeOutcome facts_;
  const std::vector<StoredEntry>& entries_;
  const std::optional<std::string> request_id_;
  const std::vector<StoredEntry>& of_holds_;
  EntryDraft draft_;
  Allocator::ProgramState state_;  // of the program, after the draft
};

bool is_about_hold(const OfficeCommand& command) {
  return std::holds_alternative<ConfirmHold>(command.change) || std::holds_alternative<ExtendHold>(command.change) ||
         std::holds_alternative<CancelHold>(command.change);
}

std::string text_of_end(Status status, Seq seq) {
  const auto by = ": see entry " + std::to_string(seq);
  if (status == Status::kHoldConfirmed) return "the hold was confirmed" + by;
  if (status == Status::kHoldCancelled) return "the hold was cancelled" + by;
  return "the hold has expired" + by;
}

}  // namespace

std::variant<OfficePlan, OfficeOutcome> decide(const OfficeCommand& command, const OfficeSubject& subject,
                                               const std::vector<StoredEntry>& read) {
  const auto seq = last_entry_of(command, subject);
  // Without a program, one entry is about the subject, and it was read first.
  const auto own = subject.program == 0 ? std::min<std::size_t>(read.size(), seq > 0 ? 1 : 0) : read.size();
  const auto middle = read.begin() + static_cast<std::ptrdiff_t>(own);
  const std::vector<StoredEntry> entries(read.begin(), middle);
  const std::vector<StoredEntry> of_holds(middle, read.end());
  check_entries(subject, seq, entries);
  const Seq last = entries.empty() ? 0 : entries.back().row.seq;
  auto facts = facts_of(subject.totals, last, subject.state);
  facts.waiting = waiting_in(subject, subject.totals.has_wait_list);
  if (std::holds_alternative<CloseSemester>(command.change)) {
    facts.holds = static_cast<std::int64_t>(subject.holds.size());
  }
  if (std::holds_alternative<SetQuota>(command.change)) {
    facts.quota = QuotaFacts{subject.quotas.quota(subject.faculty), subject.quotas.held(subject.faculty)};
  }
  if (const auto* const written = find_written(command, entries)) {
    if (!could_have_written(command, *written)) {
      return refused(std::move(facts), Status::kConflict,
                     "entry " + std::to_string(written->row.seq) + " is of another command with the same command-id");
    }
    facts.is_repeat = true;
    if (const auto* const round = std::get_if<RunRound>(&command.change)) facts.round = facts_of(*round, *written);
    return facts;
  }
  if (is_about_hold(command) && facts.expires_at == 0) {
    if (const auto status = end_of_hold(entries)) return refused(std::move(facts), *status, text_of_end(*status, last));
  }
  if (command.expects && *command.expects != last) {
    return refused(std::move(facts), Status::kConflict,
                   "the command expects entry " + std::to_string(*command.expects) +
                       " to be the last one about what it changes, and it is entry " + std::to_string(last));
  }
  auto decided = std::visit(Decider{command, subject, std::move(facts), entries, of_holds}, command.change);
  if (auto* const plan = std::get_if<OfficePlan>(&decided); plan != nullptr && command.is_dry_run) {
    return std::move(plan->outcome);
  }
  return decided;
}

}  // namespace dti
