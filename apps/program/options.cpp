#include "program/options.hpp"

#include <utility>
#include <vector>

#include "dti/cli/log_options.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/domain/pool.hpp"

namespace dti {
namespace {

std::vector<Setting> settings_of_program() {
  return {
      {.name = "name",
       .group = "Request",
       .kind = NameKind{kNameBytesMax},
       .help = "The program's name, as the catalogue has it; case, spaces, \"_\" and \"-\" do not count.",
       .needed = true},
      {.name = "semester",
       .group = "Request",
       .kind = NameKind{kSemesterBytesMax},
       .help = "The semester.",
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
      {.name = "faculty-server",
       .group = "Request",
       .kind = HostPortKind{},
       .help = "Where the program's faculty listens.",
       .needed = true},
      {.name = "timeout",
       .group = "Answer",
       .kind = SecondsKind{},
       .help = "How long to wait for the answer. When the connection is lost, the program asks again until then.",
       .default_value = "60"},
      {.name = "output-dir",
       .group = "Answer",
       .kind = PathKind{},
       .help = "Folder for the result file, NAME_SEMESTER.txt. A file of that name with another result is kept as "
               "NAME_SEMESTER.1.txt, .2.txt and so on.",
       .default_value = "."},
      {.name = "json",
       .group = "Answer",
       .kind = SwitchKind{},
       .help = "Prints the answer as JSON on stdout.",
       .default_value = "false"},
  };
}

}  // namespace

AppDescription describe_program() {
  return {
      .name = "program",
      .purpose =
          "program asks its faculty for the classrooms and labs that an academic program needs in a semester, waits "
          "for the answer, and writes it to NAME_SEMESTER.txt. To ask again for the same is safe: the answer is the "
          "first grant (only an old DTI server grants it once more).",
      .settings = settings_of_program(),
      .examples = {{"ask for 7 classrooms and 2 labs",
                    "program --name=derecho-civil --semester=2025-10 --classrooms=7 --labs=2 "
                    "--faculty-server=127.0.0.1:5000"},
                   {"for a script: the answer as JSON, the file elsewhere",
                    "program --name=derecho-civil --semester=2025-10 --classrooms=7 --labs=2 "
                    "--faculty-server=127.0.0.1:5000 --json --output-dir=/tmp"}},
      .exit_codes = {{0, "all was granted"},
                     {1, "anything else went wrong; stderr says what"},
                     {2, "bad use: flags, environment, config file, or an --output-dir that cannot be written"},
                     {3, "a part was granted"},
                     {4, "refused; also if the program holds a grant for other numbers"},
                     {5,
                      "not known: no answer in time, or no server could be reached; ask again, it is safe, except with an "
                      "old DTI server behind the faculty: look at its log first"}},
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
  options.faculty_server = settings.addresses("faculty-server").front();
  options.timeout = settings.duration("timeout");
  options.output_dir = settings.text("output-dir");
  options.json = settings.is_on("json");
  options.log = log_options(settings);
  return options;
}

}  // namespace dti
