#include "program/options.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "dti/cli/log_options.hpp"
#include "dti/domain/hold.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/domain/pool.hpp"
#include "dti/protocol/allocation_codec.hpp"
#include "dti/transport/office/office_client.hpp"

namespace dti {
namespace {

std::vector<Setting> settings_of_program() {
  const auto own_key = key_settings("The key file of this program, for a curve:// endpoint of the faculty.");
  return {
      {.name = "name",
       .group = "Request",
       .kind = NameKind{kNameBytesMax},
       .help = "The program's name in the server's catalogue. Case, spaces, \"_\" and \"-\" do not count.",
       .needed = true},
      {.name = "semester",
       .group = "Request",
       .kind = NameKind{kSemesterBytesMax},
       .help = "The semester for which the program wants rooms.",
       .needed = true},
      {.name = "classrooms",
       .group = "Request",
       .kind = IntegerKind{0, kQuantityMax},
       .help = "How many classrooms the program wants.",
       .needed = true},
      {.name = "labs",
       .group = "Request",
       .kind = IntegerKind{0, kQuantityMax},
       .help = "How many labs the program wants.",
       .needed = true},
      {.name = "hold-seconds",
       .group = "Request",
       .kind = IntegerKind{kHoldMin.count(), kHoldMax.count()},
       .help =
           "Asks for a hold: rooms that return by themselves after this time, in seconds, unless the hold is confirmed "
           "before. The same request without this flag confirms it.",
       .default_shown = "none: the rooms stay granted"},
      {.name = "faculty-server",
       .group = "Request",
       .kind = HostPortKind{},
       .help = "The address on which the program's faculty listens.",
       .needed = true},
      own_key.at(0),
      own_key.at(1),
      server_key_setting(
          "The public key of the faculty. The program then connects to its curve:// endpoint, and only if the faculty "
          "proves this key.",
          false),
      {.name = "change",
       .group = "Change",
       .kind = ChoiceKind{{"release", "amend", "confirm", "cancel"}},
       .help =
           "Changes the grant that the program holds, instead of a request: release gives the rooms back, amend wants "
           "the numbers of --classrooms and --labs from now on, confirm makes a hold firm (with both numbers, a part "
           "of "
           "it), and cancel ends a hold. Only a flag sets this, and it needs --key.",
       .default_shown = "none: the program requests rooms"},
      {.name = "accept-part",
       .group = "Change",
       .kind = SwitchKind{},
       .help = "Of amend: takes a part if not everything can be given.",
       .default_value = "false"},
      {.name = "note",
       .group = "Change",
       .kind = TextKind{kNoteBytesMax},
       .help = "Why, for the ledger.",
       .default_shown = "none"},
      {.name = "command-id",
       .group = "Change",
       .kind = TextKind{kIdBytesMax},
       .help = "Repeats a change whose outcome is not known, with the id that program has printed. It needs --expects "
               "too, with the number printed beside the id.",
       .default_shown = "a new one"},
      {.name = "expects",
       .group = "Change",
       .kind = IntegerKind{0, std::numeric_limits<std::int64_t>::max()},
       .help =
           "The number of the last ledger entry about the program, as you know it. If there is another one, nothing "
           "is changed.",
       .default_shown = "the last one now; needed with --command-id"},
      {.name = "timeout",
       .group = "Reply",
       .kind = SecondsKind{},
       .help = "How long to wait for the reply. If the connection cannot be made or breaks, program repeats the "
               "request until then.",
       .default_value = "60"},
      {.name = "output-dir",
       .group = "Reply",
       .kind = PathKind{},
       .help = "The folder for the result file, NAME_SEMESTER.txt. If that file exists with another result, program "
               "keeps it as NAME_SEMESTER.1.txt, .2.txt and so on.",
       .default_value = "."},
      {.name = "json",
       .group = "Reply",
       .kind = SwitchKind{},
       .help = "Prints the reply as JSON on stdout.",
       .default_value = "false"},
  };
}

/// Tells whether the arguments have --change. Then a change decides which numbers it needs.
bool changes_grant(std::span<const std::string> args) {
  return std::any_of(args.begin(), args.end(),
                     [](const std::string& arg) { return arg == "--change" || arg.starts_with("--change="); });
}

// The config file or a variable may have the numbers of the program's request.
bool is_flag(const Settings& settings, std::string_view name) {
  return settings.has(name) && settings.origin(name).source == Source::kFlag;
}

std::optional<UsageExit> change_fault(const Settings& settings) {
  const auto change = settings.text("change");
  for (const auto* name : {"change", "note", "command-id", "expects"}) {
    if (settings.has(name) && !is_flag(settings, name)) {
      return settings.bad(name, "is only used as a flag, because a change is made once");
    }
  }
  const bool has_classrooms = is_flag(settings, "classrooms");
  if (has_classrooms != is_flag(settings, "labs") || (change == "amend" && !has_classrooms)) {
    return settings.bad("change", "needs both flags, --classrooms and --labs, for other numbers than now");
  }
  if (has_classrooms && (change == "release" || change == "cancel")) {
    return settings.bad("classrooms", "is not used with --change=" + change);
  }
  if (is_flag(settings, "hold-seconds")) return settings.bad("hold-seconds", "is not used with --change");
  if (settings.is_on("accept-part") && change != "amend") return settings.bad("accept-part", "needs --change=amend");
  // The number that is the last one now may be that of the change which the id repeats.
  if (settings.has("command-id") && !settings.has("expects")) {
    return settings.bad("command-id", "needs --expects too: the number that the change had before");
  }
  if (settings.has("note")) {
    if (const auto fault = control_fault(settings.text("note"))) return settings.bad("note", *fault);
  }
  return std::nullopt;
}

GrantChange read_change(const Settings& settings) {
  const ProgramName of{"", settings.text("name")};
  const auto choice = settings.text("change");
  std::optional<Want> want;
  if (is_flag(settings, "classrooms")) want = Want{settings.integer("classrooms"), settings.integer("labs")};
  GrantChange change;
  auto& command = change.message.command;
  if (choice == "release") command.change = ReleaseGrant{of};
  if (choice == "amend") command.change = AmendGrant{of, want.value(), settings.is_on("accept-part")};
  if (choice == "confirm") command.change = ConfirmHold{of, want};
  if (choice == "cancel") command.change = CancelHold{of};
  command.semester = settings.text("semester");
  if (settings.has("note")) command.note = settings.text("note");
  change.is_repeat = settings.has("command-id");
  command.id = change.is_repeat ? settings.text("command-id") : new_command_id();
  change.has_expects = settings.has("expects");
  if (change.has_expects) command.expects = settings.integer("expects");
  return change;
}

}  // namespace

AppDescription describe_program() {
  return {
      .name = "program",
      .purpose =
          "program requests the classrooms and labs that an academic program needs in a semester from its faculty, "
          "waits for the reply, and writes it to NAME_SEMESTER.txt. It is safe to repeat a request: the reply is the "
          "first grant (only an old DTI server grants the rooms again).",
      .settings = settings_of_program(),
      .examples = {{"request 7 classrooms and 2 labs",
                    "program --name=derecho-civil --semester=2025-10 --classrooms=7 --labs=2 "
                    "--faculty-server=127.0.0.1:5000"},
                   {"for a script: print the reply as JSON, and write the file to another folder",
                    "program --name=derecho-civil --semester=2025-10 --classrooms=7 --labs=2 "
                    "--faculty-server=127.0.0.1:5000 --json --output-dir=/tmp"}},
      .exit_codes = {{0, "everything was granted"},
                     {1, "any other failure; stderr gives the reason"},
                     {2, "incorrect usage: flags, environment, config file, or an --output-dir that cannot be written"},
                     {3, "a part was granted"},
                     {4, "rejected, or the program holds a grant for other numbers"},
                     {5,
                      "the outcome is not known: no reply in time, or no server could be reached. It is safe to repeat "
                      "the request. If the faculty uses an old DTI server, check that server's log first"}},
  };
}

std::variant<ProgramOptions, UsageExit> parse_program_options(std::span<const std::string> args,
                                                              const Surroundings& surroundings) {
  auto description = describe_program();
  if (changes_grant(args)) {
    for (auto& setting : description.settings) {
      if (setting.name == "classrooms" || setting.name == "labs") setting.needed = false;
    }
  }
  auto resolved = resolve(description, args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  const auto& settings = std::get<Settings>(resolved);

  ProgramOptions options;
  options.request.program_name = settings.text("name");
  options.request.semester = settings.text("semester");
  if (settings.has("change")) {
    if (auto usage = change_fault(settings)) return *std::move(usage);
    options.change = read_change(settings);
  } else {
    for (const auto* name : {"note", "command-id", "expects"}) {
      if (settings.has(name)) return settings.bad(name, "needs --change");
    }
    if (settings.is_on("accept-part")) return settings.bad("accept-part", "needs --change=amend");
    options.request.want = {settings.integer("classrooms"), settings.integer("labs")};
    if (settings.has("hold-seconds")) options.request.hold_seconds = settings.integer("hold-seconds");
  }
  options.faculty_server = settings.addresses("faculty-server").front();
  auto key = read_own_key(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&key)) return std::move(*usage);
  options.key = std::get<0>(std::move(key));
  if (options.key && options.key->was_made) options.remarks = key_remarks(settings, options.key, nullptr);
  auto server_keys = read_server_keys(settings, options.key, 1);
  if (auto* usage = std::get_if<UsageExit>(&server_keys)) return std::move(*usage);
  const auto& keys = std::get<0>(server_keys);
  if (!keys.empty()) options.server_key = keys.front();
  if (options.key && !options.server_key) return settings.bad("key", "needs --server-key, the key of the faculty");
  if (options.change && !options.key) {
    return settings.bad("change", "needs --key and --server-key: a faculty takes it at a curve:// endpoint only");
  }
  options.timeout = settings.duration("timeout");
  options.output_dir = settings.text("output-dir");
  options.json = settings.is_on("json");
  options.log = log_options(settings);
  return options;
}

}  // namespace dti
