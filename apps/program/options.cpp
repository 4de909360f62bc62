#include "program/options.hpp"

#include <utility>
#include <vector>

#include "dti/cli/log_options.hpp"
#include "dti/domain/hold.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/domain/pool.hpp"

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
  auto resolved = resolve(describe_program(), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  const auto& settings = std::get<Settings>(resolved);

  ProgramOptions options;
  options.request.program_name = settings.text("name");
  options.request.semester = settings.text("semester");
  options.request.want = {settings.integer("classrooms"), settings.integer("labs")};
  if (settings.has("hold-seconds")) options.request.hold_seconds = settings.integer("hold-seconds");
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
  options.timeout = settings.duration("timeout");
  options.output_dir = settings.text("output-dir");
  options.json = settings.is_on("json");
  options.log = log_options(settings);
  return options;
}

}  // namespace dti
