#include "faculty/options.hpp"

#include <cstddef>

#include "dti/cli/config_text.hpp"
#include "dti/cli/http_setting.hpp"
#include "dti/cli/log_options.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/keys/settings/limit_settings.hpp"
#include "dti/protocol/allocation_codec.hpp"

namespace dti {
namespace {

constexpr std::int64_t kRetriesMax = 1'000;  // the time limit for all tries of a batch ends them much earlier

std::vector<Setting> settings_of_faculty() {
  std::vector<Setting> settings{
      {.name = "name",
       .group = "Faculty",
       .kind = NameKind{kNameBytesMax},
       .help = "The faculty's name in the server's catalogue. Case, spaces, \"_\" and \"-\" do not count.",
       .needed = true},
      {.name = "dti-server",
       .group = "Faculty",
       .kind = HostPortKind{.several = true},
       .help = "The servers, which the faculty tries in turn. It tries each IPv4 and IPv6 address of a host name.",
       .needed = true},
      {.name = "semester",
       .group = "Faculty",
       .kind = NameKind{kSemesterBytesMax},
       .help = "Sends one batch for this semester, passes the replies on to the programs and exits with code 0. The "
               "status of the replies does not change the exit code.",
       .default_shown = "any semester; the faculty keeps running"},
      {.name = "min-programs",
       .group = "Batches",
       .kind = IntegerKind{1, kProgramsMax},
       .help = "Sends the batch when N programs have made a request for the same semester. A program that repeats its "
               "request counts once.",
       .default_value = "5",
       .reloads = true},
      {.name = "batch-seconds",
       .group = "Batches",
       .kind = SecondsKind{.zero_allowed = true},
       .help = "Sends the batch at the latest this long after its first request.",
       .default_value = "30",
       .reloads = true},
      {.name = "request-timeout",
       .group = "Batches",
       .kind = SecondsKind{},
       .help = "How long one try waits for the server's reply. All tries of a batch end within 25 seconds; then its "
               "programs get UNAVAILABLE. Use 20 with an old DTI server.",
       .default_value = "2"},
      {.name = "retries",
       .group = "Batches",
       .kind = IntegerKind{0, kRetriesMax},
       .help =
           "How many tries follow the first one if no server replies. A repeat is safe: the server replies with the "
           "first grant. A try whose request could not be sent is not counted. An old DTI server grants the rooms "
           "again for each repeat: use --retries=0 with it, and if a program gets UNAVAILABLE, check that server's log "
           "before you repeat the request.",
       .default_value = "10"},
      {.name = "bind",
       .group = "Network",
       .kind = BindKind{},
       .help = "The address on which to listen for programs.",
       .default_value = "127.0.0.1"},
      {.name = "listen-port",
       .group = "Network",
       .kind = IntegerKind{0, 65'535},
       .help = "The TCP port to listen on. With 0 the system chooses a free port; the READY line names it.",
       .default_value = "5000"},
  };
  const auto doors = door_settings("listen-port");
  settings.insert(settings.end(), doors.begin(), doors.end() - 1);
  settings.push_back(http_setting());
  settings.push_back(memory_setting("the faculty"));
  const auto own_key =
      key_settings("The key file of this faculty, with which it connects to servers, and which its programs know.");
  settings.insert(settings.end(), own_key.begin(), own_key.end());
  settings.push_back(server_key_setting(
      "The public key of the servers, or one for each in the order of --dti-server. The faculty then connects to their "
      "curve:// endpoints, and only to servers that prove this key.",
      true));
  settings.push_back(doors.back());
  const auto limits = limit_settings();
  settings.insert(settings.end(), limits.begin(), limits.end());
  return settings;
}

}  // namespace

AppDescription describe_faculty() {
  return {
      .name = "faculty",
      .purpose =
          "faculty collects the requests of its programs for a semester, sends them to a DTI server as one batch, and "
          "sends each program its reply. Every program gets a reply. faculty prints \"READY tcp://ADDRESS:PORT\" on "
          "stdout when programs can send requests, and \"ALSO …\" for each further endpoint, and logs to stderr. "
          "SIGTERM and SIGINT stop it cleanly.",
      .settings = settings_of_faculty(),
      .examples = {{"serve the programs of a faculty", "faculty --name=derecho --dti-server=127.0.0.1:6000"},
                   {"use two servers, and send one batch for one semester",
                    "faculty --name=derecho --dti-server=dti-1:6000,dti-2:6000 --semester=2025-10"},
                   {"use an old DTI server",
                    "faculty --name=derecho --dti-server=old-dti:6000 --retries=0 --request-timeout=20"}},
      .exit_codes = {{0, "stopped on request, or its work is complete"},
                     {1, "could not start or continue; stderr gives the reason"},
                     {2, "incorrect usage: flags, environment or config file"}},
      .is_service = true,
  };
}

FacultyChanges faculty_changes(const Settings& settings) {
  return {.programs_min = static_cast<std::size_t>(settings.integer("min-programs")),
          .batch_wait = settings.duration("batch-seconds"),
          .limits = read_limits(settings),
          .memory_max = read_memory_max(settings)};
}

std::variant<FacultyAppOptions, UsageExit> parse_faculty_options(std::span<const std::string> args,
                                                                 const Surroundings& surroundings) {
  const auto description = describe_faculty();
  auto resolved = resolve(description, args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  auto& settings = std::get<Settings>(resolved);

  FacultyAppOptions options;
  options.servers = settings.addresses("dti-server");
  options.faculty.name = settings.text("name");
  for (const auto& server : options.servers) options.faculty.client.endpoints.push_back(to_string(server));
  if (settings.has("semester")) options.faculty.semester = settings.text("semester");
  const auto changeable = faculty_changes(settings);
  options.faculty.programs_min = changeable.programs_min;
  options.faculty.batch_wait = changeable.batch_wait;
  options.limits = changeable.limits;
  options.memory_max = changeable.memory_max;
  options.faculty.client.request_timeout = settings.duration("request-timeout");
  options.faculty.client.retries = static_cast<int>(settings.integer("retries"));
  auto doors = read_doors(settings, surroundings, "listen-port");
  if (auto* usage = std::get_if<UsageExit>(&doors)) return std::move(*usage);
  options.doors = std::get<Doors>(std::move(doors));
  auto key = read_own_key(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&key)) return std::move(*usage);
  options.key = std::get<0>(std::move(key));
  auto server_keys = read_server_keys(settings, options.key, options.servers.size());
  if (auto* usage = std::get_if<UsageExit>(&server_keys)) return std::move(*usage);
  options.server_keys = std::get<0>(std::move(server_keys));
  if (options.key && options.server_keys.empty() && !options.doors.is_secured) {
    return settings.bad("key", "needs --server-key, or a curve:// endpoint (--listen)");
  }
  options.http = http_address(settings);
  options.log = log_options(settings);
  if (auto usage = answer_about_config(description, settings)) return *std::move(usage);
  options.settings = std::move(settings);
  return options;
}

}  // namespace dti
