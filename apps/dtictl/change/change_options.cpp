#include "dtictl/change/change_options.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <string_view>

#include "dti/domain/hold.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/protocol/catalog_plan_codec.hpp"
#include "dtictl/catalog/plan_id.hpp"
#include "dtictl/change/door.hpp"
#include "dtictl/change/round_options.hpp"
#include "dtictl/server_settings.hpp"

namespace dti {
namespace {

constexpr std::size_t kCommandIdBytesMax = 64;

// A variable or a config file may be there for another program: `classrooms` of a server is no want of a program.
constexpr std::string_view kMobileLabs = "mobile-labs";
constexpr std::array<std::string_view, 17> kOnlyFlags{
    "semester",  "faculty", "program",    "classrooms",   "labs",    "soft-classrooms",
    "soft-labs", "note",    "command-id", "accept-part",  "dry-run", "expects",
    "yes",       "confirm", "holds",      "hold-seconds", "to"};

bool is_about_grant(OfficeVerb verb) {
  return verb == OfficeVerb::kReleaseGrant || verb == OfficeVerb::kAmendGrant || verb == OfficeVerb::kLeaveWaitList ||
         verb == OfficeVerb::kConfirmHold || verb == OfficeVerb::kExtendHold || verb == OfficeVerb::kCancelHold;
}
bool is_about_capacity(OfficeVerb verb) {
  return verb == OfficeVerb::kResizeSemester || verb == OfficeVerb::kOpenSemester;
}
bool is_about_catalog(OfficeVerb verb) { return verb == OfficeVerb::kChangeCatalog; }
bool is_about_round(OfficeVerb verb) { return verb == OfficeVerb::kOpenRound || verb == OfficeVerb::kRunRound; }
bool changes_program(OfficeVerb verb) {
  return verb == OfficeVerb::kRenameProgram || verb == OfficeVerb::kRetireProgram;
}
/// What it changes is there, so it can be looked at first.
bool expects_something(OfficeVerb verb) { return verb != OfficeVerb::kOpenSemester; }

Setting rooms_setting(const std::string& name, const std::string& help, Quantity max, bool needed) {
  return {.name = name, .group = "Change", .kind = IntegerKind{0, max}, .help = help, .needed = needed};
}

Setting switch_setting(const std::string& name, const std::string& help) {
  return {.name = name, .group = "Change", .kind = SwitchKind{}, .help = help, .default_value = "false"};
}

Setting text_setting(const std::string& name, std::size_t bytes_max, const std::string& help) {
  return {.name = name, .group = "Change", .kind = TextKind{bytes_max}, .help = help};
}

void add_subject(std::vector<Setting>& settings, OfficeVerb verb) {
  if (is_about_catalog(verb) || is_about_round(verb)) return;  // the plan has it
  if (!changes_program(verb)) {
    settings.push_back({.name = "semester",
                        .group = "Change",
                        .kind = NameKind{kSemesterBytesMax},
                        .help = "The semester.",
                        .needed = true});
  }
  if (!is_about_grant(verb) && !changes_program(verb) && verb != OfficeVerb::kSetQuota) return;
  for (const auto* name : {"faculty", "program"}) {
    if (verb == OfficeVerb::kSetQuota && name == std::string_view{"program"}) continue;
    settings.push_back({.name = name,
                        .group = "Change",
                        .kind = NameKind{kNameBytesMax},
                        .help = std::string{"The "} + name + ", in any spelling that a server accepts.",
                        .needed = true});
  }
  if (verb == OfficeVerb::kRenameProgram) {
    settings.push_back({.name = "to",
                        .group = "Change",
                        .kind = NameKind{kNameBytesMax},
                        .help = "The new name of the program, as people are to see it.",
                        .needed = true});
  }
}

void add_limits(std::vector<Setting>& settings) {
  for (const std::string kind : {"classrooms", "labs"}) {
    auto limit = rooms_setting(kind,
                               "How many " + kind + " the programs of the faculty may hold together" +
                                   (kind == "labs" ? ", with mobile labs." : "."),
                               kCapacityMax, false);
    limit.default_shown = "no limit";
    settings.push_back(std::move(limit));
    settings.push_back(switch_setting("soft-" + kind, "More " + kind + " are granted, and shown as such."));
  }
}

void add_rooms(std::vector<Setting>& settings, OfficeVerb verb) {
  if (verb == OfficeVerb::kAmendGrant) {
    settings.push_back(rooms_setting("classrooms", "How many classrooms the program wants now.", kQuantityMax, true));
    settings.push_back(rooms_setting("labs", "How many labs the program wants now.", kQuantityMax, true));
    settings.push_back(switch_setting("accept-part", "Takes a part if not everything can be given."));
  }
  if (verb == OfficeVerb::kConfirmHold) {
    for (const auto* name : {"classrooms", "labs"}) {
      settings.push_back(rooms_setting(name, std::string{"Confirms a part of the hold: this many "} + name + ".",
                                       kQuantityMax, false));
      settings.back().default_shown = "none: the whole hold";
    }
  }
  if (!is_about_capacity(verb)) return;
  settings.push_back(rooms_setting("classrooms", "How many classrooms the semester has.", kCapacityMax, true));
  settings.push_back(rooms_setting("labs", "How many labs the semester has.", kCapacityMax, true));
  auto mobile_labs = rooms_setting("mobile-labs", "How many classrooms may become mobile labs.", kCapacityMax, false);
  mobile_labs.default_shown = verb == OfficeVerb::kOpenSemester
                                  ? "all classrooms"
                                  : "all classrooms, if it was all before; otherwise as before";
  settings.push_back(std::move(mobile_labs));
}

void add_holds(std::vector<Setting>& settings, OfficeVerb verb) {
  if (verb == OfficeVerb::kExtendHold) {
    settings.push_back({.name = "hold-seconds",
                        .group = "Change",
                        .kind = IntegerKind{kHoldMin.count(), kHoldMax.count()},
                        .help = "How long the hold lasts from now, in seconds. It never becomes shorter.",
                        .needed = true});
  }
  if (verb == OfficeVerb::kCloseSemester) {
    settings.push_back({.name = "holds",
                        .group = "Change",
                        .kind = ChoiceKind{{"refuse", "confirm", "cancel"}},
                        .help = "What becomes of open holds. With refuse, the semester is not closed if it has some.",
                        .default_value = "refuse"});
  }
}

void add_manner(std::vector<Setting>& settings, OfficeVerb verb) {
  settings.push_back(text_setting("note", kNoteBytesMax, "Why; the ledger keeps it."));
  if (is_about_catalog(verb)) {  // the plan has its id and what it expects
    settings.push_back(switch_setting("dry-run", "Lets the server decide, and changes nothing."));
    settings.push_back(switch_setting("yes", "Asks no question."));
    return;
  }
  settings.push_back(
      text_setting("command-id", kCommandIdBytesMax,
                   "Repeats an earlier command, whose outcome is not known: the id that it has printed."));
  settings.back().default_shown = "a new one";
  settings.push_back(switch_setting("dry-run", "Lets the server decide, and changes nothing."));
  if (!expects_something(verb)) return;
  settings.push_back({.name = "expects",
                      .group = "Change",
                      .kind = IntegerKind{0, std::numeric_limits<std::int64_t>::max()},
                      .help =
                          "The number of the last ledger entry about what is changed, as you know it. If there is a "
                          "newer one, nothing is changed.",
                      .default_shown = "what the server has now"});
  if (is_about_grant(verb) || verb == OfficeVerb::kOpenRound || changes_program(verb) ||
      verb == OfficeVerb::kSetWaitList || verb == OfficeVerb::kSetQuota) {
    settings.push_back(switch_setting("yes", "Asks no question."));
  }
  if (verb == OfficeVerb::kCloseSemester || verb == OfficeVerb::kResizeSemester || verb == OfficeVerb::kRunRound) {
    settings.push_back(text_setting("confirm", kSemesterBytesMax, "The name of the semester again: asks no question."));
  }
}

bool is_given(const Settings& settings, std::string_view name) {
  return settings.has(name) && settings.origin(name).source != Source::kDefault;
}

bool is_flag(const Settings& settings, std::string_view name) {
  return is_given(settings, name) && settings.origin(name).source == Source::kFlag;
}

std::optional<UsageExit> refuse_other_sources(const Settings& settings, OfficeVerb verb) {
  for (const auto name : kOnlyFlags) {
    // The config file of a server has the rooms of its semester, and a confirmation needs no number.
    if (verb == OfficeVerb::kConfirmHold && (name == "classrooms" || name == "labs")) continue;
    if (is_given(settings, name) && settings.origin(name).source != Source::kFlag) {
      return settings.bad(
          name, "is not used here, because it may be there for another program: give the flag --" + std::string{name});
    }
  }
  return std::nullopt;
}

std::string text_or_empty(const Settings& settings, std::string_view name) {
  return settings.has(name) ? settings.text(name) : std::string{};
}

OpenHoldsAtClose holds_of(const std::string& choice) {
  if (choice == "confirm") return OpenHoldsAtClose::kConfirm;
  return choice == "cancel" ? OpenHoldsAtClose::kCancel : OpenHoldsAtClose::kRefuse;
}

QuotaLimit limit_of(const Settings& settings, const std::string& kind) {
  if (!settings.has(kind)) return {};
  return {static_cast<std::int32_t>(settings.integer(kind)), settings.is_on("soft-" + kind)};
}

/// The limits that are given; none: the quota is cleared.
Quota quota_of(const Settings& settings) { return {limit_of(settings, "classrooms"), limit_of(settings, "labs")}; }

std::optional<UsageExit> fault_of_limits(const Settings& settings) {
  for (const std::string kind : {"classrooms", "labs"}) {
    if (settings.is_on("soft-" + kind) && !settings.has(kind)) {
      return settings.bad("soft-" + kind, "needs --" + kind);
    }
  }
  if (settings.has("classrooms") || settings.has("labs")) return std::nullopt;
  return settings.bad("classrooms", "or --labs is needed; dtictl quota clear removes a quota");
}

OfficeCommand::Change change_of(const Settings& settings, const ChangeVerb& kind) {
  const auto program = [&] { return ProgramName{settings.text("faculty"), settings.text("program")}; };
  const auto number = [&](const char* name) { return settings.integer(name); };
  switch (kind.verb) {
    case OfficeVerb::kReleaseGrant: return ReleaseGrant{program()};
    case OfficeVerb::kAmendGrant:
      return AmendGrant{program(), {number("classrooms"), number("labs")}, settings.is_on("accept-part")};
    case OfficeVerb::kResizeSemester: return ResizeSemester{{number("classrooms"), number("labs"), 0}};
    case OfficeVerb::kCloseSemester: return CloseSemester{holds_of(settings.text("holds"))};
    case OfficeVerb::kReopenSemester: return ReopenSemester{};
    case OfficeVerb::kSetWaitList: return SetWaitList{kind.turns_on};
    case OfficeVerb::kLeaveWaitList: return LeaveWaitList{program()};
    case OfficeVerb::kConfirmHold:
      if (!is_flag(settings, "classrooms")) return ConfirmHold{program()};
      return ConfirmHold{program(), Want{number("classrooms"), number("labs")}};
    case OfficeVerb::kExtendHold: return ExtendHold{program(), number("hold-seconds")};
    case OfficeVerb::kCancelHold: return CancelHold{program()};
    case OfficeVerb::kSetQuota: return SetQuota{settings.text("faculty"), quota_of(settings)};
    case OfficeVerb::kOpenRound:
    case OfficeVerb::kRunRound:
    case OfficeVerb::kOpenSemester:
    case OfficeVerb::kChangeCatalog:
    case OfficeVerb::kRenameProgram:
    case OfficeVerb::kRetireProgram: break;
  }
  return {};
}

/// Reads the plan of a change of the catalogue. Only the plan that `dtictl catalog plan` has written is accepted.
std::optional<UsageExit> read_plan(const Settings& settings, const std::string& operand,
                                   const Surroundings& surroundings, ChangeOptions& options) {
  const auto& file = settings.operand();
  if (file.empty()) return settings.bad_operand(operand, "is needed: the file that dtictl catalog plan has written");
  std::variant<CatalogPlan, std::string> read;
  try {
    read = decode_catalog_plan(surroundings.read_file(file == "-" ? "/dev/stdin" : file));
  } catch (const std::runtime_error& error) {
    return settings.bad_operand(operand, "cannot be read: " + std::string{error.what()});
  }
  if (const auto* fault = std::get_if<std::string>(&read)) {
    return settings.bad_operand(operand, "is not a plan of the catalogue: " + *fault);
  }
  auto& plan = std::get<CatalogPlan>(read);
  if (plan.id != plan_id(plan)) {
    return settings.bad_operand(operand, "was changed: its id does not fit it. Make a new plan of the changed file");
  }
  auto& command = options.message.command;
  command.catalog = ChangeCatalog{plan.store, {}};
  command.note = text_or_empty(settings, "note");
  command.is_dry_run = settings.is_on("dry-run");
  options.plan = std::move(plan);
  options.is_confirmed = settings.is_on("yes");
  return std::nullopt;
}

std::optional<UsageExit> read_message(const Settings& settings, const ChangeVerb& kind, ChangeOptions& options) {
  const auto verb = kind.verb;
  if (verb == OfficeVerb::kConfirmHold && is_flag(settings, "classrooms") != is_flag(settings, "labs")) {
    return settings.bad(is_flag(settings, "labs") ? "labs" : "classrooms",
                        "is a part of a hold only with both --classrooms and --labs");
  }
  auto& command = options.message.command;
  if (verb == OfficeVerb::kSetQuota && kind.turns_on) {
    if (auto usage = fault_of_limits(settings)) return usage;
  }
  if (changes_program(verb)) {
    ChangeProgram change{{settings.text("faculty"), settings.text("program")}, {}};
    if (verb == OfficeVerb::kRenameProgram) change.new_name = settings.text("to");
    command.catalog = ChangeCatalog{.store = {}, .rows = {}, .program = std::move(change)};
  } else if (!is_about_round(verb)) {
    command.semester = settings.text("semester");
    command.change = change_of(settings, kind);
  }
  command.note = text_or_empty(settings, "note");
  command.id = settings.has("command-id") ? settings.text("command-id") : new_command_id();
  // The number in the config file of a server is that of its own semester.
  if (is_about_capacity(verb) && settings.has(kMobileLabs) && settings.origin(kMobileLabs).source == Source::kFlag) {
    options.mobile_labs = settings.integer("mobile-labs");
    if (*options.mobile_labs > settings.integer("classrooms")) {
      return settings.bad("mobile-labs", "must be at most --classrooms");
    }
  }
  command.is_dry_run = settings.is_on("dry-run");
  if (verb == OfficeVerb::kOpenSemester) {
    const auto classrooms = settings.integer("classrooms");
    options.message.opens = Capacity{classrooms, settings.integer("labs"), options.mobile_labs.value_or(classrooms)};
    return std::nullopt;
  }
  options.is_confirmed = settings.has("yes") && settings.is_on("yes");
  if (settings.has("confirm")) options.confirm = settings.text("confirm");
  options.has_expects = settings.has("expects");
  options.is_repeat = settings.has("command-id");
  if (options.has_expects) command.expects = settings.integer("expects");
  if (options.is_repeat && !options.has_expects) {
    return settings.bad("command-id", "needs --expects too: the number that the command had before");
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::pair<int, std::string>> change_exit_codes(const std::string& not_known) {
  return {{0, "done, or there was nothing to change"},
          {1, "not changed: a rule forbids it, a colleague came first, or you said no"},
          {2, "incorrect usage, or a question that needs a terminal"},
          {4, "you may not do this"},
          {5, not_known},
          {6, "no server that leads, or no store, can be reached; nothing was changed"},
          {10, "a dry run: there would be a change"},
          {130, "interrupted"}};
}

AppDescription describe(const ChangeVerb& verb) {
  std::vector<Setting> settings;
  add_subject(settings, verb.verb);
  add_rooms(settings, verb.verb);
  add_holds(settings, verb.verb);
  if (verb.verb == OfficeVerb::kSetQuota && verb.turns_on) add_limits(settings);
  add_manner(settings, verb.verb);
  for (auto& setting : door_settings()) settings.push_back(std::move(setting));
  auto others = describe_server_settings();
  std::erase_if(others, [&](const Setting& other) {
    return std::any_of(settings.begin(), settings.end(),
                       [&](const Setting& setting) { return setting.name == other.name; });
  });
  return {.name = verb.name,
          .purpose = verb.purpose,
          .settings = std::move(settings),
          .examples = verb.examples,
          .exit_codes = change_exit_codes(
              is_about_catalog(verb.verb)
                  ? "the outcome is not known, or a part of the plan is made: apply the same plan again"
                  : "the outcome is not known: repeat the command with the id that it printed"),
          .others_in_file = std::move(others),
          .operand = verb.operand};
}

std::variant<ChangeOptions, UsageExit> parse_change_options(const ChangeVerb& verb, std::span<const std::string> args,
                                                            const Surroundings& surroundings) {
  auto resolved = resolve(describe(verb), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  auto& settings = std::get<Settings>(resolved);
  if (auto usage = refuse_other_sources(settings, verb.verb)) return *std::move(usage);
  ChangeOptions options;
  auto fault = is_about_catalog(verb.verb) ? read_plan(settings, verb.operand, surroundings, options)
                                           : read_message(settings, verb, options);
  if (!fault && is_about_round(verb.verb)) fault = read_round(settings, verb, surroundings, options);
  if (fault) return *std::move(fault);
  auto door = read_door(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&door)) return std::move(*usage);
  auto& [client, actor] = std::get<OfficeDoorChoice>(door);
  options.client = std::move(client);
  options.message.command.actor = std::move(actor);
  return options;
}

}  // namespace dti
