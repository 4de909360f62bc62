// The part of the checks that looks at the commands of the office, and at their replies.
#include <algorithm>
#include <variant>

#include "dti/base/overloaded.hpp"
#include "simulation/checks/by_the_rule.hpp"
#include "simulation/checks/checks.hpp"

namespace dti::simulation {
namespace {

bool is_about_openness(const OfficeCommand& command) {
  return std::holds_alternative<CloseSemester>(command.change) ||
         std::holds_alternative<ReopenSemester>(command.change);
}

bool is_last_of(const OfficeCommand& command, EntryKind kind) {
  if (std::holds_alternative<ResizeSemester>(command.change)) {
    return kind == EntryKind::kSemesterOpened || kind == EntryKind::kCapacityChanged;
  }
  if (std::holds_alternative<SetWaitList>(command.change)) return kind == EntryKind::kSetting;
  if (std::holds_alternative<OpenRound>(command.change) || std::holds_alternative<RunRound>(command.change)) {
    return kind == EntryKind::kRoundOpened || kind == EntryKind::kRound;
  }
  return kind == EntryKind::kSemesterOpened || kind == EntryKind::kSemesterClosed ||
         kind == EntryKind::kSemesterReopened;
}

bool is_about_hold(const OfficeCommand& command) {
  return std::holds_alternative<ConfirmHold>(command.change) || std::holds_alternative<ExtendHold>(command.change) ||
         std::holds_alternative<CancelHold>(command.change);
}

std::string_view name_of(const OfficeCommand& command) { return kOfficeKindNames.at(office_kind(command)); }

}  // namespace

/// @return none if the semester or the program does not exist
std::optional<Checks::Subject> Checks::find_subject(const OfficeCommand& command) const {
  const auto found = semesters_.find(command.semester);
  if (found == semesters_.end()) return std::nullopt;
  Subject subject{.semester = &found->second};
  const auto& entries = found->second.entries;
  const auto find_last = [&](const auto& is_about) {
    const auto last = std::find_if(entries.rbegin(), entries.rend(), is_about);
    return last == entries.rend() ? nullptr : &*last;
  };
  if (const auto* const set = std::get_if<SetQuota>(&command.change)) {
    const auto faculty = find_faculty(set->faculty);
    if (!faculty) return std::nullopt;
    subject.faculty = *faculty;
    subject.last = find_last([&](const auto& stored) {
      return stored.entry.kind == EntryKind::kQuotaSet && faculty_of_id_.at(stored.entry.faculty_id) == *faculty;
    });
    subject.last_of_command = subject.last;
    return subject;
  }
  const auto* const program = program_of(command);
  if (program == nullptr) {
    subject.last = find_last([&](const auto& stored) { return is_last_of(command, stored.entry.kind); });
    subject.last_of_command = subject.last;
    return subject;
  }
  const auto row = names_.find(program->faculty, program->program);
  if (!row) return std::nullopt;
  subject.row = *row;
  const auto is_about = [&](const MemoryStore::Entry& stored) {
    return stored.entry.program_id != 0 && row_of_[stored.entry.program_id - 1] == *row;
  };
  subject.last = find_last(is_about);
  subject.last_of_command = find_last(
      [&](const MemoryStore::Entry& stored) { return is_about(stored) && stored.entry.cause != Cause::kToppedUp; });
  subject.held = find_held(command.semester, *row, Moment::kNow, [](const Held&) { return true; });
  return subject;
}

/// Is the present state what the command has made of it?
bool Checks::has_its_effect(const OfficeCommand& command, const Subject& subject) const {
  const auto& semester = *subject.semester;
  return std::visit(
      Overloaded{
          [&](const ReleaseGrant&) { return subject.held == nullptr; },
          [&](const AmendGrant& change) { return subject.held != nullptr && subject.held->want == change.want; },
          [&](const ResizeSemester& change) { return semester.capacity == change.capacity; },
          [&](const CloseSemester&) { return !semester.is_open; },
          [&](const ReopenSemester&) { return semester.is_open; },
          [&](const SetWaitList& change) { return semester.has_wait_list == change.is_on; },
          [&](const LeaveWaitList&) { return subject.held != nullptr && subject.held->place == 0; },
          [&](const ConfirmHold& change) {
            return subject.held != nullptr && subject.held->expires_at == 0 && subject.held->was_confirmed &&
                   (!change.part || subject.held->want == *change.part);
          },
          [&](const ExtendHold& change) {
            return subject.held != nullptr && subject.held->expires_at != 0 &&
                   subject.held->ends.back().length == Time{std::chrono::seconds{change.seconds}};
          },
          [&](const CancelHold&) { return subject.held == nullptr; },
          [&](const SetQuota& change) { return quota_of(semester, subject.faculty) == change.quota; },
          [&](const OpenRound& change) {
            return semester.round_opened && hex_text(*semester.round_opened) == change.commitment;
          },
          [&](const RunRound&) { return !semester.round_opened; },
      },
      command.change);
}

/// What is true is what the reply says, and the command has had the effect that the reply says.
void Checks::check_facts(const Reply& reply, const OfficeCommand& command, const OfficeOutcome& outcome,
                         const Subject& subject) {
  const auto& semester = *subject.semester;
  const auto say = [&](const std::string& check, const std::string& what) {
    world_.violate(check, reply.server + " answered command " + command.id + " (" + std::string{name_of(command)} +
                              ") in " + command.semester + ": " + what);
  };
  const bool is_error = outcome.error.has_value();
  const bool tells_the_present = !command.is_dry_run || is_error || outcome.is_repeat;
  const auto held =
      subject.held == nullptr ? std::nullopt : std::optional{HeldGrant{subject.held->want, subject.held->grant}};
  if (tells_the_present &&
      (outcome.seq != subject.seq() || outcome.capacity != semester.capacity || outcome.left != semester.left ||
       outcome.is_open != semester.is_open || outcome.grant != held)) {
    say("facts-are-the-ledger", "entry " + std::to_string(outcome.seq) + " and " + text(outcome.left) +
                                    " left; the ledger has entry " + std::to_string(subject.seq()) + " and " +
                                    text(semester.left));
  }
  if (tells_the_present) check_hold_facts(reply, command, outcome, subject);
  if (tells_the_present && std::holds_alternative<SetQuota>(command.change) &&
      outcome.quota != QuotaFacts{quota_of(semester, subject.faculty), held_by(semester, subject.faculty)}) {
    say("facts-are-the-ledger", "another quota, or other rooms of the faculty, than the ledger has");
  }
  // A server need not know the setting of a semester that is closed.
  if (tells_the_present && semester.is_open &&
      (outcome.has_wait_list != semester.has_wait_list ||
       outcome.waits_since != place_in_list(semester, subject.held))) {
    say("facts-are-the-ledger", std::string{outcome.has_wait_list ? "a" : "no"} + " wait list, and place " +
                                    std::to_string(outcome.waits_since) + "; the ledger has " +
                                    (semester.has_wait_list ? "one" : "none") + ", and place " +
                                    std::to_string(place_in_list(semester, subject.held)));
  }
  const bool is_its_own = subject.last_of_command != nullptr && subject.last_of_command->command_id == command.id;
  if (is_error || command.is_dry_run) return;
  const bool is_unchanged = command.expects == subject.seq();
  if (!is_its_own && (outcome.is_repeat || !is_unchanged)) {
    say("answered-is-durable", "the last entry about it is not of this command");
  }
  if (is_its_own && !has_its_effect(command, subject))
    say("one-effect-a-command", "the ledger has another effect of it");
  const auto* const amended = std::get_if<AmendGrant>(&command.change);
  if (is_its_own && amended != nullptr && !amended->accepts_part && held && !is_all(amended->want, held->grant)) {
    say("refusals-are-right", "a part was granted, which the command does not accept");
  }
}

/// What a program would hold that wants other numbers.
Grant Checks::amended(const Semester& semester, std::size_t row, const Held& held, const Want& want) const {
  const auto part = admitted(semester, row, want);
  if (!semester.has_wait_list) return amend_by_the_rule(semester.left, held.grant, part);
  auto kept = held.grant;
  auto returned = semester.left;
  put_back_unwanted(returned, kept, part);
  auto others = waiting_in(semester, Supposed{row, kept});
  std::erase_if(others, [&](const Waiting& program) { return program.row == row; });
  return amend_among(others, semester.left, held.grant, part, is_limited(semester, row));
}

/// Is a command, decided on the present state, refused with reason?
bool Checks::is_refused(const OfficeCommand& command, const Subject& subject) const {
  const auto& semester = *subject.semester;
  return std::visit(
      Overloaded{
          [&](const ReleaseGrant&) { return subject.held == nullptr; },
          [&](const AmendGrant& change) {
            if (subject.held == nullptr) return true;
            const auto& held = subject.held->grant;
            const bool wants_more =
                change.want.classrooms > held.classrooms || change.want.labs > held.labs + held.mobile_labs;
            if (wants_more && retired_.contains(subject.row)) return true;
            const auto given = amended(semester, subject.row, *subject.held, change.want);
            const bool changes = given != subject.held->grant || change.want != subject.held->want;
            return changes && !change.accepts_part && !is_all(change.want, given);
          },
          [&](const ResizeSemester& change) {
            return change.capacity.classrooms - semester.capacity.classrooms + semester.left.classrooms < 0 ||
                   change.capacity.labs - semester.capacity.labs + semester.left.labs < 0 ||
                   change.capacity.conversions - semester.capacity.conversions + semester.left.conversions_left < 0;
          },
          [&](const CloseSemester& change) {
            return !semester.is_open || (change.holds == OpenHoldsAtClose::kRefuse && open_holds(semester) > 0);
          },
          [&](const ReopenSemester&) { return semester.is_open; },
          [&](const SetWaitList& change) {
            const auto waiting =
                change.is_on && !semester.has_wait_list ? waiting_in(semester) : std::vector<Waiting>{};
            return std::any_of(waiting.begin(), waiting.end(),
                               [&](const Waiting& program) { return retired_.contains(program.row); });
          },
          [&](const LeaveWaitList&) { return place_in_list(semester, subject.held) == 0; },
          [&](const ConfirmHold& change) {
            return !subject.has_hold() || (change.part && (change.part->classrooms > subject.held->want.classrooms ||
                                                           change.part->labs > subject.held->want.labs));
          },
          [&](const ExtendHold& change) {
            const auto least = newest_at_ + std::chrono::seconds{change.seconds};  // the ledger's time is not earlier
            return !subject.has_hold() || least.time_since_epoch().count() <= subject.held->expires_at;
          },
          [&](const CancelHold&) { return !subject.has_hold(); },
          [&](const SetQuota& change) { return exceeds(semester, subject.faculty, change.quota); },
          [](const OpenRound&) { return false; },
          [&](const RunRound& change) { return is_refused(change, subject); },
      },
      command.change);
}

void Checks::on_reply(const Reply& reply, const OfficeCommand& command, const OfficeOutcome& outcome) {
  const auto status = outcome.error ? outcome.error->status : Status::kOk;
  if (status == Status::kNotLeader) world_.cells.reach("office/on-a-standby");
  if (outcome.error && outcome.error->detail.find("did not answer in time") != std::string::npos) {
    world_.cells.reach("office/expired");
  }
  if (may_retry(status)) return;
  check_leads(reply);
  if (is_superseded(reply)) return;
  if (command.catalog) return check_retirement(reply, command, outcome);
  const auto subject = find_subject(command);
  const auto say = [&](const std::string& what) {
    world_.violate("refusals-are-right", reply.server + " answered " + std::string{wire_text(status)} + " to command " +
                                             command.id + " (" + std::string{name_of(command)} + ") in " +
                                             command.semester + ": " + what);
  };
  const auto reach = [&](const char* what) {
    world_.cells.reach("office/" + std::string{name_of(command)} + "/" + what);
  };
  if (status == Status::kInvalidSemester) {
    if (subject && (subject->semester->is_open || is_about_openness(command))) say("it is open");
    if (subject) world_.cells.reach("office/closed-semester");
    return;
  }
  if (status == Status::kInvalidProgram) {
    if (subject) say("there is such a program");
    return world_.cells.reach("office/unknown-program");
  }
  if (!subject) return say("there is no such program or semester");
  check_facts(reply, command, outcome, *subject);
  if (is_about_hold(command)) {
    const auto ends = {Status::kHoldConfirmed, Status::kHoldCancelled, Status::kHoldExpired};
    const auto* const told = std::find(ends.begin(), ends.end(), status);
    if (told != ends.end()) {
      if (!tells_end(*subject, status)) say("the hold has no such end");
      return reach(kHoldEndNames.at(static_cast<std::size_t>(told - ends.begin())));
    }
    const bool decides = outcome.error || (command.is_dry_run && !outcome.is_repeat);
    if (decides && end_of_hold(*subject)) return say("the hold has ended before");
  }
  if (status == Status::kHoldExpired && std::holds_alternative<AmendGrant>(command.change)) {
    return tells_end(*subject, status) ? void() : say("the hold has no such end");
  }
  const bool is_expected = !command.expects || *command.expects == subject->seq();
  if (status == Status::kConflict) {
    if (is_expected) say("nothing has changed since");
    return reach("conflict");
  }
  if (status == Status::kRefused) {
    if (!is_expected || !is_refused(command, *subject)) say("it is possible");
    if (std::holds_alternative<SetWaitList>(command.change)) return;  // too rare for a cell
    if (const auto* const round = std::get_if<RunRound>(&command.change)) note_refused_round(*round, *subject);
    return reach("refused");
  }
  if (status != Status::kOk) return say("this is no reply to such a command");
  if (command.is_dry_run) {
    const bool depends_on_time = std::holds_alternative<ExtendHold>(command.change);
    if (!outcome.is_repeat && !depends_on_time && is_refused(command, *subject)) say("it is not possible");
    return reach("dry-run");
  }
  if (outcome.round && outcome.round->left_out > 0) world_.cells.reach("round/leaves-programs-out");
  const auto* const round = std::get_if<RunRound>(&command.change);
  // The reply to the command that has made its change no longer has the plan.
  const auto planned = round == nullptr ? 0 : std::ssize(round->plan.asks);
  const auto told = outcome.round ? outcome.round->programs + outcome.round->left_out : 0;
  if (round != nullptr && (told == 0 || (planned != 0 && told != planned))) {
    say("programs of the round are missing");
  }
  reach(outcome.is_repeat ? "repeated" : "done");
}

/// A program is retired for good, and not while it waits.
void Checks::check_retirement(const Reply& reply, const OfficeCommand& command, const OfficeOutcome& outcome) {
  const auto& of = command.catalog->program->of;
  const auto row = names_.find(of.faculty, of.program);
  const auto status = outcome.error ? outcome.error->status : Status::kOk;
  const auto say = [&](const std::string& what) {
    world_.violate("refusals-are-right", reply.server + " answered " + std::string{wire_text(status)} + " to command " +
                                             command.id + ", which retires " + of.program + ": " + what);
  };
  const auto reach = [&](const char* what) { world_.cells.reach("office/retire/" + std::string{what}); };
  if (!row) return status == Status::kInvalidProgram ? void() : say("there is no such program");
  const auto waits = [&](const auto& named) {
    const auto& semester = named.second;
    const auto waiting = semester.is_open && semester.has_wait_list ? waiting_in(semester) : std::vector<Waiting>{};
    return std::any_of(waiting.begin(), waiting.end(), [&](const Waiting& one) { return one.row == *row; });
  };
  const bool may_not = !retired_.contains(*row) && std::any_of(semesters_.begin(), semesters_.end(), waits);
  if (status == Status::kConflict) {
    if (command.expects == outcome.seq) say("nothing has changed since");
    return reach("conflict");
  }
  if (status == Status::kRefused) return may_not ? reach("refused") : say("it is possible");
  if (status != Status::kOk) return say("this is no reply to such a command");
  if (command.is_dry_run) {
    if (!outcome.is_repeat && may_not) say("it waits");
    return reach("dry-run");
  }
  if (!retired_.contains(*row)) say("it is not retired");
  reach(outcome.is_repeat ? "repeated" : "done");
}

}  // namespace dti::simulation
