#include "dti/service/allocation/office.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/base/overloaded.hpp"
#include "dti/base/time_text.hpp"
#include "dti/domain/amend.hpp"
#include "dti/domain/hold.hpp"
#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/service/allocation/stored_semesters.hpp"
#include "dti/service/ledger/quantity_text.hpp"

namespace dti {
namespace {

RequestError error_of(Status status, std::string detail) { return {status, std::move(detail), {}, {}}; }

constexpr std::string_view kSettlePrefix = "settle-";  // of the command-ids of top-ups
// Of all command-ids of the server itself.
constexpr std::array kOwnPrefixes = {kSettlePrefix, std::string_view{"expire-"}, std::string_view{"confirm-"}};

/// A command about whether the semester is open can be decided while it is closed.
bool accepts_closed(const OfficeCommand& command) {
  return std::holds_alternative<ReopenSemester>(command.change) ||
         std::holds_alternative<CloseSemester>(command.change);
}

/// The totals of a semester. The allocator need not have a closed one, whose last entry closed it.
LedgerTotals totals_of(const StoredSemester& stored, const Allocator& allocator) {
  auto totals = allocator.totals(stored.id);
  if (stored.is_open || totals.head == stored.head) return totals;
  return {.head = stored.head, .capacity = stored.capacity, .left = stored.left, .opened_at = stored.head};
}

/// The first retired program that waits if the semester has a wait list; none if there is none.
std::optional<ProgramName> find_retired_waiting(const Allocator& allocator, SemesterId semester) {
  const auto& catalog = allocator.catalog();
  for (ProgramId id = 1; id <= catalog.size(); ++id) {
    if (!catalog.is_retired(id)) continue;
    const auto state = allocator.program(semester, id);
    const bool waits =
        state.held && state.waits_since > 0 && grant_status(state.held->want, state.held->grant) != Status::kOk;
    if (waits) return ProgramName{catalog.faculty_name(catalog.faculty_of(id)), catalog.program_name(id)};
  }
  return std::nullopt;
}

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

SemesterSetting wait_list_setting(const SetWaitList& change) {
  return change.is_on ? SemesterSetting::kWaitListOn : SemesterSetting::kWaitListOff;
}

OfficeOutcome refused(OfficeOutcome facts, Status status, std::string detail) {
  facts.error = error_of(status, std::move(detail));
  return facts;
}

/// The state as decided, and the entries that lead to it. It replays each entry at once, so that no entry is written that
/// the replay of the ledger would refuse.
class Draft {
 public:
  Draft(const OfficeCommand& command, const OfficeSubject& subject)
      : command_(command), totals_(subject.totals), state_(subject.state), quotas_(subject.quotas), subject_(subject) {}

  void add(LedgerEntry entry, const std::optional<std::string>& request_id = {},
           const std::optional<std::string>& terms = {}) {
    add(entry, subject_.faculty, state_, request_id, terms);
  }

  /// @param faculty, state  of the program of the entry; the state follows
  void add(LedgerEntry entry, FacultyId faculty, Allocator::ProgramState& state,
           const std::optional<std::string>& request_id, const std::optional<std::string>& terms = {}) {
    entry.seq = totals_.head + 1;
    StoredEntry stored{row_of(entry), 0, request_id};
    stored.row.terms = terms;
    stored.command_id = command_.id;
    stored.row.command = id_hash(command_.id);
    if (request_id) stored.row.request = id_hash(*request_id);
    if (rests_on_time(stored.row)) stored.row.at = microseconds_of(subject_.at);
    const RowContext context{.program_count = subject_.program_count,
                             .faculty_count = subject_.faculty_count,
                             .faculty = faculty,
                             .held = state.held,
                             .generation = state.generation,
                             .waits_since = state.waits_since,
                             .waiting = subject_.waiting,
                             .quotas = &quotas_,
                             .expires_at = state.expires_at};
    const auto fault = replay(totals_, stored.row, context);
    DTI_CHECK(!fault);
    keep_quotas(quotas_, stored.row, context);
    if (entry.kind == EntryKind::kReleased) state.held.reset();
    if (entry.kind == EntryKind::kWaitingLeft) state.waits_since = 0;
    if (entry.kind == EntryKind::kGranted) {
      state = {HeldGrant{entry.want, entry.grant}, entry.generation, totals_.waits_since, entry.expires_at};
    }
    if (entry.kind == EntryKind::kReleased || entry.kind == EntryKind::kConfirmed) state.expires_at = 0;
    if (entry.kind == EntryKind::kHoldExtended) state.expires_at = entry.expires_at;
    entries_.push_back(std::move(stored));
  }

  void release(Cause cause, const std::optional<std::string>& request_id) {
    OpenHold grant{subject_.program, subject_.faculty, state_};
    release(cause, grant, request_id);
    state_ = grant.state;
  }

  void release(Cause cause, OpenHold& grant, const std::optional<std::string>& request_id) {
    auto& [program, faculty, state] = grant;
    add({.kind = EntryKind::kReleased,
         .cause = cause,
         .program_id = program,
         .generation = state.generation,
         .want = state.held->want,
         .grant = state.held->grant,
         .capacity = {}},
        faculty, state, request_id);
  }

  /// A grant in the place of the one that was released.
  void grant_again(Cause cause, const Want& want, const Grant& grant, std::int64_t expires_at) {
    add({.kind = EntryKind::kGranted,
         .cause = cause,
         .program_id = subject_.program,
         .generation = state_.generation + 1,
         .want = want,
         .grant = grant,
         .capacity = {},
         .expires_at = expires_at});
  }

  void add(EntryKind kind, const Capacity& capacity = {}) {
    LedgerEntry entry;
    entry.kind = kind;
    entry.capacity = capacity;
    add(entry);
  }

  [[nodiscard]] const Allocator::ProgramState& state() const { return state_; }

  [[nodiscard]] OfficePlan finish(std::vector<RegistryEntry> registered = {}) && {
    OfficePlan plan;
    plan.outcome = facts_of(totals_, totals_.head, state_);
    plan.change = {.semester_id = subject_.semester_id,
                   .base = subject_.totals.head,
                   .capacity = totals_.capacity,
                   .left = totals_.left,
                   .is_open = totals_.is_open,
                   .entries = std::move(entries_),
                   .note = {{}, command_.actor, command_.note},
                   .registered = std::move(registered)};
    return plan;
  }

 private:
  const OfficeCommand& command_;
  LedgerTotals totals_;
  Allocator::ProgramState state_;
  Quotas quotas_;
  const OfficeSubject& subject_;
  std::vector<StoredEntry> entries_;
};

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
        draft_(command, subject) {}

  Decided operator()(const ReleaseGrant& /*change*/) {
    if (!facts_.grant) return refuse("the program holds no grant");
    draft_.release(Cause::kReleased, request_id_);
    return std::move(draft_).finish();
  }

  Decided operator()(const AmendGrant& change) {
    if (!facts_.grant) return refuse("the program holds no grant");
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
    draft_.release(Cause::kAmended, request_id_);
    draft_.grant_again(Cause::kAmended, change.want, grant, facts_.expires_at);
    return std::move(draft_).finish();
  }

  Decided operator()(const ResizeSemester& change) {
    const auto& totals = subject_.totals;
    if (change.capacity == totals.capacity) return facts_;
    if (!left_after_resize(totals.left, totals.capacity, change.capacity)) {
      return refuse("the semester cannot have " + text_of(change.capacity) + ": " +
                    text_of(granted_of(totals.capacity, totals.left)) + " of it are granted");
    }
    draft_.add(EntryKind::kCapacityChanged, change.capacity);
    return std::move(draft_).finish();
  }

  Decided operator()(const CloseSemester& change) {
    if (!facts_.is_open) return refuse("the semester is closed");
    if (!subject_.holds.empty() && change.holds == OpenHoldsAtClose::kRefuse) {
      return refuse("the semester has open holds (" + std::to_string(subject_.holds.size()) +
                    "): confirm or cancel them, or let the command do so");
    }
    for (auto hold : subject_.holds) {
      if (is_due(hold.state.expires_at)) {
        draft_.release(Cause::kExpired, hold, request_id_of(hold.program));
      } else if (change.holds == OpenHoldsAtClose::kCancel) {
        draft_.release(Cause::kCancelled, hold, request_id_of(hold.program));
      } else {
        draft_.add(about_grant(EntryKind::kConfirmed, hold.program, hold.state.generation), hold.faculty, hold.state,
                   {});
      }
    }
    draft_.add(EntryKind::kSemesterClosed);
    auto plan = std::move(draft_).finish({semester_closed(subject_.semester_id, subject_.semester)});
    plan.outcome.holds = facts_.holds;
    return plan;
  }

  Decided operator()(const ReopenSemester& /*change*/) {
    if (facts_.is_open) return refuse("the semester is open");
    draft_.add(EntryKind::kSemesterReopened);
    return std::move(draft_).finish({semester_reopened(subject_.semester_id, subject_.semester)});
  }

  Decided operator()(const SetWaitList& change) {
    if (change.is_on == facts_.has_wait_list) return facts_;
    const auto retired = change.is_on && subject_.find_retired_waiting ? subject_.find_retired_waiting() : std::nullopt;
    if (retired) {
      return refuse("program " + escaped(retired->program) + " of " + escaped(retired->faculty) +
                    " would wait, and is retired: first amend its grant to what it holds");
    }
    LedgerEntry entry;
    entry.kind = EntryKind::kSetting;
    entry.setting = wait_list_setting(change);
    draft_.add(entry);
    auto plan = std::move(draft_).finish();
    plan.outcome.waiting = waiting_in(subject_, change.is_on);
    return plan;
  }

  Decided operator()(const LeaveWaitList& /*change*/) {
    if (!facts_.has_wait_list) return refuse("the semester has no wait list");
    if (facts_.waits_since == 0) return refuse("the program does not wait");
    draft_.add(about_grant(EntryKind::kWaitingLeft, subject_.program, subject_.state.generation));
    return std::move(draft_).finish();
  }

  Decided operator()(const ConfirmHold& change) {
    if (auto no = refuse_without_hold()) return *std::move(no);
    const auto& held = *facts_.grant;
    if (!change.part || *change.part == held.want) {
      draft_.add(about_grant(EntryKind::kConfirmed, subject_.program, subject_.state.generation));
      return std::move(draft_).finish();
    }
    if (change.part->classrooms > held.want.classrooms || change.part->labs > held.want.labs) {
      return refuse("a part of the hold cannot be more than its " + text_of(held.want));
    }
    draft_.release(Cause::kConfirmedInPart, request_id_);
    draft_.grant_again(Cause::kConfirmedInPart, *change.part, kept(held.grant, *change.part), 0);
    return std::move(draft_).finish();
  }

  Decided operator()(const ExtendHold& change) {
    if (auto no = refuse_without_hold()) return *std::move(no);
    auto entry = about_grant(EntryKind::kHoldExtended, subject_.program, subject_.state.generation);
    entry.expires_at = microseconds_of(subject_.at + std::chrono::seconds{change.seconds});
    if (entry.expires_at <= facts_.expires_at) {
      return refuse("the hold lasts until " + time_text(WallTime{std::chrono::microseconds{facts_.expires_at}}) +
                    ", and an extension does not make it shorter");
    }
    draft_.add(entry);
    return std::move(draft_).finish();
  }

  Decided operator()(const CancelHold& /*change*/) {
    if (facts_.expires_at == 0) return *refuse_without_hold();
    draft_.release(Cause::kCancelled, request_id_);
    return std::move(draft_).finish();
  }

  Decided operator()(const SetQuota& change) {
    const auto& [quota, held] = *facts_.quota;
    if (change.quota == quota) return facts_;
    if (breaks(change.quota, held)) {
      return refuse("faculty " + escaped(subject_.faculty_name) + " holds " + text_of(held) +
                    ", so its quota cannot be " + text_of(change.quota) + "; a soft limit can be less than that");
    }
    LedgerEntry entry;
    entry.kind = EntryKind::kQuotaSet;
    entry.faculty_id = subject_.faculty;
    entry.quota = change.quota;
    draft_.add(entry);
    auto plan = std::move(draft_).finish();
    plan.outcome.quota = QuotaFacts{change.quota, held};
    return plan;
  }

  Decided operator()(const OpenRound& change) {
    LedgerEntry entry;
    entry.kind = EntryKind::kRoundOpened;
    draft_.add(entry, {}, "hash=" + change.commitment);
    return std::move(draft_).finish();
  }

  Decided operator()(const RunRound& change) {
    return dti::decide(command_, change, subject_, entries_.empty() ? StoredEntry{} : entries_.back(), facts_);
  }

 private:
  static LedgerEntry about_grant(EntryKind kind, ProgramId program, std::int32_t generation) {
    LedgerEntry entry;
    entry.kind = kind;
    entry.program_id = program;
    entry.generation = generation;
    return entry;
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
  Draft draft_;
};

/// Tells whether an entry is the one that a command like this writes last.
bool could_have_written(const OfficeCommand& command, const StoredEntry& stored) {
  const auto entry = entry_of(stored.row);
  return std::visit(
      Overloaded{
          [&](const ReleaseGrant&) { return entry.kind == EntryKind::kReleased && entry.cause == Cause::kReleased; },
          [&](const AmendGrant& change) {
            return entry.kind == EntryKind::kGranted && entry.cause == Cause::kAmended && entry.want == change.want;
          },
          [&](const ResizeSemester& change) { return entry.capacity == change.capacity; },
          [&](const CloseSemester&) { return entry.kind == EntryKind::kSemesterClosed; },
          [&](const ReopenSemester&) { return entry.kind == EntryKind::kSemesterReopened; },
          [&](const SetWaitList& change) {
            return entry.kind == EntryKind::kSetting && entry.setting == wait_list_setting(change);
          },
          [&](const LeaveWaitList&) { return entry.kind == EntryKind::kWaitingLeft; },
          [&](const ConfirmHold& change) {
            if (entry.kind == EntryKind::kConfirmed) return true;
            return entry.kind == EntryKind::kGranted && entry.cause == Cause::kConfirmedInPart &&
                   change.part == entry.want;
          },
          [&](const ExtendHold&) { return entry.kind == EntryKind::kHoldExtended; },
          [&](const CancelHold&) { return entry.kind == EntryKind::kReleased && entry.cause == Cause::kCancelled; },
          [&](const SetQuota& change) { return entry.kind == EntryKind::kQuotaSet && entry.quota == change.quota; },
          [&](const OpenRound& change) { return stored.row.terms == "hash=" + change.commitment; },
          [&](const RunRound& change) {
            const auto terms = parse_round_terms(stored.row.terms.value_or(""));
            return terms && hex_text(Seal{terms->secret.bytes}) == change.secret;
          },
      },
      command.change);
}

bool is_about_hold(const OfficeCommand& command) {
  return std::holds_alternative<ConfirmHold>(command.change) || std::holds_alternative<ExtendHold>(command.change) ||
         std::holds_alternative<CancelHold>(command.change);
}

/// What an earlier command, or the time, has made of a hold that is no longer open.
/// @param entries  about the program's newest grant
/// @return none: it was no hold, or it was released as a grant
std::optional<Status> end_of_hold(const std::vector<StoredEntry>& entries) {
  if (entries.empty()) return std::nullopt;
  const auto last = entry_of(entries.back().row);
  if (last.kind == EntryKind::kReleased) {
    if (last.cause == Cause::kCancelled) return Status::kHoldCancelled;
    return last.cause == Cause::kExpired ? std::optional{Status::kHoldExpired} : std::nullopt;
  }
  const bool is_confirmed = std::any_of(entries.begin(), entries.end(), [](const StoredEntry& stored) {
    const auto entry = entry_of(stored.row);
    return entry.kind == EntryKind::kConfirmed ||
           (entry.kind == EntryKind::kGranted && entry.cause == Cause::kConfirmedInPart);
  });
  return is_confirmed ? std::optional{Status::kHoldConfirmed} : std::nullopt;
}

std::string text_of_end(Status status, Seq seq) {
  const auto by = ": see entry " + std::to_string(seq);
  if (status == Status::kHoldConfirmed) return "the hold was confirmed" + by;
  if (status == Status::kHoldCancelled) return "the hold was cancelled" + by;
  return "the hold has expired" + by;
}

/// @throws StorageError  kInvariant, if the entries are not those of the grant that the state has
void check_entries(const OfficeSubject& subject, Seq seq, const std::vector<StoredEntry>& entries) {
  const auto is_about_newest_grant = [&](const StoredEntry& entry) {
    return entry.row.generation == std::int64_t{subject.state.generation} &&
           (entry.row.kind == stored_code(EntryKind::kGranted) || entry.row.kind == stored_code(EntryKind::kReleased));
  };
  const auto is_wanted = [&](const StoredEntry& entry) {
    return subject.program == 0 ? entry.row.seq == seq : is_about_newest_grant(entry);
  };
  const auto found = std::count_if(entries.begin(), entries.end(), is_wanted);
  const auto expected = subject.program == 0            ? (seq > 0 ? 1 : 0)
                        : subject.state.generation == 0 ? 0
                        : subject.state.held            ? 1
                                                        : 2;
  if (found == expected) return;
  throw StorageError{StorageError::Kind::kInvariant,
                     "semester \"" + subject.semester + "\": the store has " + std::to_string(found) +
                         " entries about what a command changes, and the state has " + std::to_string(expected)};
}

}  // namespace

std::optional<RequestError> fault_of(const OfficeCommand& command) {
  const auto invalid = [](std::string detail) { return error_of(Status::kInvalidRequest, std::move(detail)); };
  if (command.id.empty()) return invalid("command-id is empty");
  for (const auto& prefix : kOwnPrefixes) {
    if (!command.id.starts_with(prefix)) continue;
    return invalid("command-id must not begin with " + std::string{prefix} + ": the server uses such ids itself");
  }
  if (!command.expects && !command.is_dry_run) {
    return invalid("expects is missing: only a dry run may leave it out");
  }
  if (command.actor.size() > kActorBytesMax || command.note.size() > kNoteBytesMax) {
    return invalid("actor may have " + std::to_string(kActorBytesMax) + " bytes, and note " +
                   std::to_string(kNoteBytesMax));
  }
  if (command.catalog && command.catalog->store.empty() && !command.is_dry_run) {
    return invalid("store is missing: only a dry run may leave it out");
  }
  if (command.catalog && command.catalog->rows.size() > kCatalogRowsMax) {
    return invalid("a command may have " + std::to_string(kCatalogRowsMax) + " programs");
  }
  if (const auto* amended = std::get_if<AmendGrant>(&command.change);
      amended != nullptr && !is_in_range(amended->want)) {
    return invalid("classrooms and labs must be between 0 and " + std::to_string(kQuantityMax));
  }
  if (const auto* confirmed = std::get_if<ConfirmHold>(&command.change);
      confirmed != nullptr && confirmed->part && !is_in_range(*confirmed->part)) {
    return invalid("classrooms and labs must be between 0 and " + std::to_string(kQuantityMax));
  }
  if (const auto* extended = std::get_if<ExtendHold>(&command.change);
      extended != nullptr && (extended->seconds < kHoldMin.count() || extended->seconds > kHoldMax.count())) {
    return invalid("hold-seconds must be between 1 and " + std::to_string(kHoldMax.count()));
  }
  if (const auto* round = std::get_if<RunRound>(&command.change);
      round != nullptr && !parse_policy(round->plan.policy)) {
    return invalid("the policy " + escaped(round->plan.policy) + " is not known");
  }
  if (const auto* resize = std::get_if<ResizeSemester>(&command.change);
      resize != nullptr && !is_in_range(resize->capacity)) {
    return invalid("classrooms, labs and mobile-labs must be between 0 and " + std::to_string(kCapacityMax) +
                   ", and mobile-labs at most classrooms");
  }
  if (const auto* set = std::get_if<SetQuota>(&command.change); set != nullptr && !is_in_range(set->quota)) {
    return invalid("classrooms and labs must be between 0 and " + std::to_string(kCapacityMax));
  }
  return std::nullopt;
}

std::variant<OfficeSubject, RequestError> find_subject(const OfficeCommand& command, const Allocator& allocator,
                                                       const std::vector<StoredSemester>& semesters) {
  const auto* const stored = find_semester(semesters, command.semester);
  if (stored == nullptr) {
    return error_of(Status::kInvalidSemester, "the store has no semester " + escaped(command.semester));
  }
  OfficeSubject subject{.semester_id = stored->id,
                        .semester = stored->name,
                        .totals = totals_of(*stored, allocator),
                        .faculty_count = allocator.catalog().faculty_count(),
                        .program_count = allocator.catalog().size(),
                        .waiting = allocator.wait_list(stored->id)};
  if (!stored->is_open && !accepts_closed(command)) {
    return error_of(Status::kInvalidSemester,
                    "semester " + escaped(command.semester) +
                        " is closed: reopen it first. An earlier copy of the command may have changed it before that");
  }
  if (stored->is_open) subject.quotas = allocator.quotas(stored->id);
  // A closed semester has no open holds. The allocator need not have read that another server has closed it.
  if (std::holds_alternative<CloseSemester>(command.change) && stored->is_open) {
    for (const auto& [expires_at, program] : allocator.holds(stored->id).queue()) {
      subject.holds.push_back(
          {program, allocator.catalog().faculty_of(program), allocator.program(stored->id, program)});
    }
  }
  if (std::holds_alternative<SetWaitList>(command.change)) {
    subject.wait_list_size = [&allocator, id = stored->id] { return allocator.wait_list_size(id); };
    subject.find_retired_waiting = [&allocator, id = stored->id] { return find_retired_waiting(allocator, id); };
  }
  if (std::holds_alternative<RunRound>(command.change)) {
    subject.faculty_of = [&allocator](ProgramId program) { return allocator.catalog().faculty_of(program); };
    subject.program_state = [&allocator, id = stored->id](ProgramId program) { return allocator.program(id, program); };
    subject.retires = [&allocator](ProgramId program) { return allocator.catalog().is_retired(program); };
  }
  const auto* const name = program_of(command);
  const auto* const quota = std::get_if<SetQuota>(&command.change);
  if (name == nullptr && quota == nullptr) return subject;
  const auto& faculty_name = quota != nullptr ? quota->faculty : name->faculty;
  const auto& catalog = allocator.catalog();
  const auto faculty = catalog.find_faculty(faculty_name);
  const auto with = [](const std::string& why) { return why.empty() ? std::string{} : ": " + why; };
  if (faculty == 0) {
    return error_of(Status::kInvalidFaculty,
                    "faculty " + escaped(faculty_name) + " is unknown" + with(catalog.why_no_faculty(faculty_name)));
  }
  subject.faculty = faculty;
  if (quota != nullptr) {
    subject.faculty_name = catalog.faculty_name(faculty);
    return subject;
  }
  subject.program = catalog.find_program(faculty, name->program);
  if (subject.program == 0) {
    return error_of(Status::kInvalidProgram, "faculty " + escaped(catalog.faculty_name(faculty)) + " has no program " +
                                                 escaped(name->program) +
                                                 with(catalog.program_meanings(faculty, name->program)));
  }
  subject.state = allocator.program(stored->id, subject.program);
  subject.is_retired = catalog.is_retired(subject.program);
  return subject;
}

namespace {

/// The last entry of what a command changes, if that is no program's grant; 0: there is none.
Seq last_entry_of(const OfficeCommand& command, const OfficeSubject& subject) {
  const auto& totals = subject.totals;
  if (std::holds_alternative<ResizeSemester>(command.change)) return totals.capacity_at;
  if (std::holds_alternative<SetQuota>(command.change)) return subject.quotas.set_at(subject.faculty);
  if (std::holds_alternative<OpenRound>(command.change) || std::holds_alternative<RunRound>(command.change)) {
    return totals.round_at;
  }
  return std::holds_alternative<SetWaitList>(command.change) ? totals.setting_at : totals.opened_at;
}

}  // namespace

std::vector<EntriesToRead> entries_to_read(const OfficeCommand& command, const OfficeSubject& subject) {
  std::vector<EntriesToRead> wanted = {{.semester_id = subject.semester_id,
                                        .program = subject.program,
                                        .generation = subject.state.generation,
                                        .seq = last_entry_of(command, subject),
                                        .store_id = std::holds_alternative<RunRound>(command.change)}};
  const auto* const close = std::get_if<CloseSemester>(&command.change);
  if (close == nullptr || close->holds == OpenHoldsAtClose::kRefuse) return wanted;
  for (const auto& [program, faculty, state] : subject.holds) {
    wanted.push_back({.semester_id = subject.semester_id, .program = program, .generation = state.generation});
  }
  return wanted;
}

const StoredEntry* find_written(const OfficeCommand& command, const std::vector<StoredEntry>& entries) {
  const auto is_top_up = [](const StoredEntry& entry) { return is_topped_up(entry.row); };
  const auto last = std::find_if_not(entries.rbegin(), entries.rend(), is_top_up);
  return last == entries.rend() || last->command_id != command.id ? nullptr : &*last;
}

void set_time(Change& change, WallTime at) {
  change.at = at;
  for (auto& entry : change.entries) {
    entry.at = at.time_since_epoch().count();
    if (rests_on_time(entry.row)) entry.row.at = entry.at;
  }
}

Change change_of(SemesterId semester, const std::vector<TopUp>& top_ups, const Allocator& allocator) {
  const auto totals = allocator.totals(semester);
  Change change{.semester_id = semester,
                .base = totals.head,
                .capacity = totals.capacity,
                .left = totals.left,
                .entries = {},
                .note = {{}, "server", "wait list"},
                .registered = {}};
  const auto command_id = std::string{kSettlePrefix} + std::to_string(semester) + '-' + std::to_string(totals.head);
  std::map<ProgramId, std::int32_t> generations;  // of the grants that the earlier ones replace
  const auto add = [&](LedgerEntry entry) {
    entry.seq = totals.head + static_cast<Seq>(change.entries.size()) + 1;
    entry.cause = Cause::kToppedUp;
    StoredEntry stored{row_of(entry), 0, std::nullopt};
    stored.command_id = command_id;
    stored.row.command = id_hash(command_id);
    change.entries.push_back(std::move(stored));
  };
  for (const auto& [place, before, grant] : top_ups) {
    LedgerEntry entry;
    entry.kind = EntryKind::kReleased;
    entry.program_id = place.program;
    const auto found = generations.find(place.program);
    entry.generation =
        found == generations.end() ? allocator.program(semester, place.program).generation : found->second;
    entry.want = before.want;
    entry.grant = before.grant;
    add(entry);
    entry.kind = EntryKind::kGranted;
    generations[place.program] = ++entry.generation;
    entry.grant = grant;
    entry.waits_since = place.since;
    entry.expires_at = allocator.program(semester, place.program).expires_at;
    add(entry);
    entry.expires_at = 0;
    change.left = charge(give_back(change.left, before.grant), grant);
  }
  return change;
}

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
