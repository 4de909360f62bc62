#include "faculty/options.hpp"

#include <cstddef>

#include "dti/cli/log_options.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/protocol/allocation_codec.hpp"

namespace dti {
namespace {

constexpr std::int64_t kRetriesMax = 1'000;  // the time for all tries of a batch ends long before

std::vector<Setting> settings_of_faculty() {
  return {
      {.name = "name",
       .group = "Faculty",
       .kind = NameKind{kNameBytesMax},
       .help = "The faculty's name, as the server's catalogue has it; case, spaces, \"_\" and \"-\" do not count.",
       .needed = true},
      {.name = "dti-server",
       .group = "Faculty",
       .kind = HostPortKind{.several = true},
       .help = "The servers to ask, tried in turn; of a name, each of its IPv4 and IPv6 addresses.",
       .needed = true},
      {.name = "semester",
       .group = "Faculty",
       .kind = NameKind{kSemesterBytesMax},
       .help =
           "Serves one batch of this semester only, and ends with 0 once all of it was answered, whatever the status.",
       .default_shown = "any semester, and serve on"},
      {.name = "min-programs",
       .group = "Batches",
       .kind = IntegerKind{1, kProgramsMax},
       .help = "Asks the server when so many programs have asked for the same semester ...",
       .default_value = "5"},
      {.name = "batch-seconds",
       .group = "Batches",
       .kind = SecondsKind{.zero_allowed = true},
       .help = "... or when the first of them has waited so long.",
       .default_value = "30"},
      {.name = "request-timeout",
       .group = "Batches",
       .kind = SecondsKind{},
       .help = "How long one try waits for the server's answer. All tries of a batch end within 25 seconds; then its "
               "programs are told UNAVAILABLE. Use 20 before an old DTI server.",
       .default_value = "2"},
      {.name = "retries",
       .group = "Batches",
       .kind = IntegerKind{0, kRetriesMax},
       .help =
           "How often a batch that was not answered is sent again, which is safe: a server answers a repeat with the "
           "first grant. A try that could not be sent is not counted. An old DTI server grants rooms again on each "
           "repeat: before one, run with --retries=0, and if a program is told UNAVAILABLE, look at that server's log "
           "before you ask again.",
       .default_value = "10"},
      {.name = "bind",
       .group = "Network",
       .kind = BindKind{},
       .help = "Address to listen on for programs.",
       .default_value = "127.0.0.1"},
      {.name = "listen-port",
       .group = "Network",
       .kind = IntegerKind{0, 65'535},
       .help = "TCP port to listen on; 0 is any free port, which the READY line names.",
       .default_value = "5000"},
  };
}

}  // namespace

AppDescription describe_faculty() {
  return {
      .name = "faculty",
      .purpose =
          "faculty gathers what its programs ask for a semester, asks a DTI server for all of them at once, and tells "
          "each program what it was granted. It prints \"READY tcp://ADDRESS:PORT\" on stdout when programs can "
          "ask, and logs to stderr. Every program gets an answer. SIGTERM and SIGINT end it in order.",
      .settings = settings_of_faculty(),
      .examples = {{"serve the programs of a faculty", "faculty --name=derecho --dti-server=127.0.0.1:6000"},
                   {"two servers, and one batch of one semester",
                    "faculty --name=derecho --dti-server=dti-1:6000,dti-2:6000 --semester=2025-10"},
                   {"before an old DTI server",
                    "faculty --name=derecho --dti-server=old-dti:6000 --retries=0 --request-timeout=20"}},
      .exit_codes = {{0, "ended in order"},
                     {1, "could not start or go on; stderr says why"},
                     {2, "bad use: flags, environment or config file"}},
  };
}

std::variant<FacultyAppOptions, UsageExit> parse_faculty_options(std::span<const std::string> args,
                                                                 const Surroundings& surroundings) {
  auto resolved = resolve(describe_faculty(), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  const auto& settings = std::get<Settings>(resolved);

  FacultyAppOptions options;
  options.servers = settings.addresses("dti-server");
  options.faculty.name = settings.text("name");
  for (const auto& server : options.servers) options.faculty.client.endpoints.push_back(to_string(server));
  if (settings.has("semester")) options.faculty.semester = settings.text("semester");
  options.faculty.programs_min = static_cast<std::size_t>(settings.integer("min-programs"));
  options.faculty.batch_wait = settings.duration("batch-seconds");
  options.faculty.client.request_timeout = settings.duration("request-timeout");
  options.faculty.client.retries = static_cast<int>(settings.integer("retries"));
  options.bind = settings.text("bind");
  options.listen_port = static_cast<std::uint16_t>(settings.integer("listen-port"));
  options.log = log_options(settings);
  return options;
}

}  // namespace dti
