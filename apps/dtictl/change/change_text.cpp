#include "dtictl/change/change_text.hpp"

#include <variant>

#include "dti/base/time_text.hpp"
#include "dti/service/ledger/quantity_text.hpp"
#include "dtictl/counted.hpp"

namespace dti {
namespace {

/// @return null: the message is about a semester
const ProgramName* program_of(const OfficeMessage& message) {
  return message.opens ? nullptr : program_of(message.command);
}

std::string program_text(const ProgramName& name) { return name.program + " of " + name.faculty; }

std::string grant_text(const ProgramName& name, const std::optional<HeldGrant>& held) {
  const auto subject = program_text(name) + " holds ";
  if (!held) return subject + "nothing";
  return subject + text_of(held->grant) + " and wants " + text_of(held->want);
}

std::string catalog_text(const CatalogFacts& facts) {
  if (facts.program) {
    return "the catalogue has " + program_text(facts.program->name) +
           (facts.program->is_retired ? ", which is retired" : "");
  }
  return "the catalogue has " + counted(facts.faculties, "faculty", "faculties") + " and " +
         counted(facts.programs, "program", "programs");
}

/// `, a hold until 2026-12-01T10:00:00.000000Z`, if the grant is one.
std::string hold_text(const OfficeOutcome& outcome) {
  if (outcome.expires_at == 0) return {};
  return ", a hold until " + time_text(WallTime{std::chrono::microseconds{outcome.expires_at}});
}

/// `, and waits since entry 5`, if the program is one that can.
std::string waiting_text(const OfficeMessage& message, const OfficeOutcome& outcome) {
  if (outcome.waits_since > 0) return ", and waits since entry " + std::to_string(outcome.waits_since);
  return std::holds_alternative<LeaveWaitList>(message.command.change) ? ", and does not wait" : "";
}

std::string wait_list_text(const std::string& semester, const OfficeOutcome& outcome) {
  std::string text = "the wait list of " + semester + " is " + (outcome.has_wait_list ? "on" : "off");
  if (outcome.seq > 0) text += " since entry " + std::to_string(outcome.seq);
  if (!outcome.has_wait_list || !outcome.waiting) return text;
  const auto& [programs, top_ups] = *outcome.waiting;
  text += "; " + counted(programs, "program waits", "programs wait");
  if (top_ups > 0) text += ", and " + counted(top_ups, "of them gets", "of them get") + " more at once";
  return text;
}

std::string quota_text(const OfficeMessage& message, const OfficeOutcome& outcome) {
  const auto& set = std::get<SetQuota>(message.command.change);
  std::string text = set.faculty + " in " + message.command.semester;
  if (!outcome.quota) return text;
  text += " has " + text_of(outcome.quota->quota);
  if (outcome.seq > 0) text += " since entry " + std::to_string(outcome.seq);
  return text + ", and holds " + text_of(outcome.quota->held);
}

std::string round_text(const std::string& semester, const OfficeOutcome& outcome) {
  if (outcome.round) {
    auto text = "the round of " + semester + " in entry " + std::to_string(outcome.seq) + " grants rooms to " +
                counted(outcome.round->programs, "program", "programs");
    if (outcome.round->left_out > 0)
      text += ", and leaves out " + std::to_string(outcome.round->left_out) + " with a grant";
    return text;
  }
  if (outcome.seq == 0) return "no round of " + semester + " was opened";
  return "the last entry about rounds of " + semester + " is entry " + std::to_string(outcome.seq);
}

bool is_about_round(const OfficeMessage& message) {
  const auto& change = message.command.change;
  return !message.opens && (std::holds_alternative<OpenRound>(change) || std::holds_alternative<RunRound>(change));
}

/// A word for a shell.
std::string shell_word(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return word + "'";
}

}  // namespace

ChangeExit exit_code_of(Status status) {
  switch (status) {
    case Status::kOk: return kChangeDone;
    case Status::kInvalidRequest:
    case Status::kInvalidSemester:
    case Status::kInvalidFaculty:
    case Status::kInvalidProgram: return kChangeBadUse;
    case Status::kUnauthorized: return kChangeNotAllowed;
    case Status::kNotLeader:
    case Status::kOverloaded: return kChangeUnreachable;
    case Status::kUnavailable: return kChangeNotKnown;
    case Status::kConflict:
    case Status::kRefused:
    case Status::kHoldConfirmed:
    case Status::kHoldCancelled:
    case Status::kHoldExpired:
    case Status::kGrantReleased:
    case Status::kAlreadyHasResources:
    case Status::kNotEnoughResources: break;
  }
  return kChangeRefused;
}

std::string facts_text(const OfficeMessage& message, const OfficeOutcome& outcome) {
  if (outcome.catalog) return catalog_text(*outcome.catalog);
  const auto& semester = message.command.semester;
  const auto since = " since entry " + std::to_string(outcome.seq);
  auto left = "; left: " + text_of(Grant{outcome.left.classrooms, outcome.left.labs, outcome.left.mobile_labs()});
  if (!message.opens && std::holds_alternative<SetWaitList>(message.command.change)) {
    return wait_list_text(semester, outcome) + left;
  }
  if (is_about_round(message)) return round_text(semester, outcome) + left;
  if (!message.opens && std::holds_alternative<SetQuota>(message.command.change)) {
    return quota_text(message, outcome);
  }
  if (outcome.has_wait_list) left += ", for the wait list first";
  if (const auto* name = program_of(message)) {
    return grant_text(*name, outcome.grant) + " in " + semester + hold_text(outcome) + since +
           waiting_text(message, outcome) + left;
  }
  auto state = semester + " is " + (outcome.is_open ? "open" : "closed");
  if (outcome.is_open && outcome.holds.value_or(0) > 0) {
    state += ", with " + counted(*outcome.holds, "open hold", "open holds");
  }
  const bool is_about_capacity = message.opens || std::holds_alternative<ResizeSemester>(message.command.change);
  if (is_about_capacity) return state + ", and has " + text_of(outcome.capacity) + since + left;
  return state + since + ", and has " + text_of(outcome.capacity) + left;
}

std::string change_text(const OfficeMessage& message) {
  const auto& command = message.command;
  if (message.opens) return "open " + command.semester + " with " + text_of(*message.opens);
  const auto* const name = program_of(message);
  const auto of_program = name == nullptr ? "" : program_text(*name) + " in " + command.semester;
  switch (verb_of(message)) {
    case OfficeVerb::kReleaseGrant: return "release the grant of " + of_program;
    case OfficeVerb::kAmendGrant:
      return "amend the grant of " + of_program + " to " + text_of(std::get<AmendGrant>(command.change).want);
    case OfficeVerb::kResizeSemester:
      return "resize " + command.semester + " to " + text_of(std::get<ResizeSemester>(command.change).capacity);
    case OfficeVerb::kCloseSemester: {
      const auto holds = std::get<CloseSemester>(command.change).holds;
      if (holds == OpenHoldsAtClose::kRefuse) return "close " + command.semester;
      return "close " + command.semester + " and " + (holds == OpenHoldsAtClose::kConfirm ? "confirm" : "cancel") +
             " its open holds";
    }
    case OfficeVerb::kReopenSemester: return "reopen " + command.semester;
    case OfficeVerb::kSetWaitList:
      return std::string{"turn the wait list of "} + command.semester + ' ' +
             (std::get<SetWaitList>(command.change).is_on ? "on" : "off");
    case OfficeVerb::kLeaveWaitList: return "take " + of_program + " off the wait list";
    case OfficeVerb::kSetQuota: {
      const auto& [faculty, quota] = std::get<SetQuota>(command.change);
      return "let the quota of " + faculty + " in " + command.semester + " be " + text_of(quota);
    }
    case OfficeVerb::kOpenRound: return "open a round of " + command.semester;
    case OfficeVerb::kRunRound: {
      const auto& plan = std::get<RunRound>(command.change).plan;
      return "grant rooms of " + command.semester + " to " + counted(plan.asks.size(), "program", "programs") + " by " +
             plan.policy;
    }
    case OfficeVerb::kConfirmHold: {
      const auto& part = std::get<ConfirmHold>(command.change).part;
      return part ? "confirm " + text_of(*part) + " of the hold of " + of_program : "confirm the hold of " + of_program;
    }
    case OfficeVerb::kExtendHold: return "extend the hold of " + of_program;
    case OfficeVerb::kCancelHold: return "cancel the hold of " + of_program;
    case OfficeVerb::kOpenSemester:
    case OfficeVerb::kChangeCatalog: break;
    case OfficeVerb::kRenameProgram:
      return "give " + program_text(command.catalog->program->of) + " the name " + *command.catalog->program->new_name;
    case OfficeVerb::kRetireProgram:
      return "retire " + program_text(command.catalog->program->of) + ", which keeps its grants and gets no new ones";
  }
  return {};
}

std::string plan_text(const CatalogPlan& plan) {
  constexpr std::size_t kShownMax = 3;
  std::size_t programs = 0;
  std::string text;
  for (const auto& step : plan.steps) {
    for (const auto& row : step.added) {
      if (++programs <= kShownMax) text += (programs == 1 ? ": " : "; ") + program_text({row.faculty, row.program});
    }
  }
  if (programs > kShownMax) text += "; and " + std::to_string(programs - kShownMax) + " more";
  return "the plan of " + plan.file + " adds " + counted(programs, "program", "programs") + text;
}

std::string next_command(const OfficeMessage& message) {
  if (const auto& catalog = message.command.catalog) {
    return "dtictl catalog list" + (catalog->program ? " --faculty=" + shell_word(catalog->program->of.faculty) : "");
  }
  const auto& semester = message.command.semester;
  const auto& change = message.command.change;
  if (std::holds_alternative<SetWaitList>(change) || std::holds_alternative<LeaveWaitList>(change)) {
    return "dtictl wait list --semester=" + shell_word(semester);
  }
  if (std::holds_alternative<OpenRound>(change)) return "dtictl round run PLAN, with the same plan";
  if (std::holds_alternative<SetQuota>(change)) return "dtictl quota list --semester=" + shell_word(semester);
  if (const auto* name = program_of(message)) {
    return "dtictl grant show --semester=" + shell_word(semester) + " --faculty=" + shell_word(name->faculty) + ' ' +
           shell_word(name->program);
  }
  return "dtictl history --semester=" + shell_word(semester);
}

}  // namespace dti
