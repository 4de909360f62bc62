#include "dti_server/options.hpp"

#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "dti/base/check.hpp"
#include "dti/cli/config_text.hpp"
#include "dti/cli/escape.hpp"
#include "dti/cli/http_setting.hpp"
#include "dti/cli/log_options.hpp"
#include "dti/domain/catalog.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/domain/pool.hpp"
#include "dti/keys/settings/limit_settings.hpp"
#include "dti/protocol/allocation_codec.hpp"
#include "dti/repository/settings/store_options.hpp"
#include "dti_server/admin_setting.hpp"

namespace dti {
namespace {

// A shorter lease would expire whenever the machine is busy; a longer one only delays the take-over after a crash.
constexpr std::chrono::seconds kLeaseMin{1};
constexpr std::chrono::seconds kLeaseMax{300};
constexpr std::int64_t kFacultiesMax = 1'000'000;  // far more than a catalogue has; catches slips

std::vector<Setting> store_settings() {
  return {
      store_setting(kAllStores),
      {.name = "store-timeout",
       .group = "Store",
       .kind = SecondsKind{},
       .help = "How long a request waits for the store. After that time the server replies UNAVAILABLE.",
       .default_value = "10"},
      {.name = "lease-seconds",
       .group = "Store",
       .kind = SecondsKind{},
       .help =
           "With several servers on one PostgreSQL database: how long after the leader's last lease renewal a standby "
           "may take over; 1 to 300.",
       .default_value = "5",
       .reloads = true},
  };
}

std::vector<Setting> semester_settings() {
  return {
      {.name = "semester",
       .group = "Semester",
       .kind = NameKind{kSemesterBytesMax},
       .help = "The semester to open. A new semester requires --classrooms and --labs. If the store already has the "
               "semester, the values given must equal those it was opened with. The server also serves the other open "
               "semesters of the store.",
       .default_shown = "the open semesters of the store"},
      {.name = "classrooms",
       .group = "Semester",
       .kind = IntegerKind{0, kCapacityMax},
       .help = "How many classrooms the semester has when it is opened.",
       .default_shown = "none; required to open a semester"},
      {.name = "labs",
       .group = "Semester",
       .kind = IntegerKind{0, kCapacityMax},
       .help = "How many labs the semester has when it is opened.",
       .default_shown = "none; required to open a semester"},
      {.name = "mobile-labs",
       .group = "Semester",
       .kind = IntegerKind{0, kCapacityMax},
       .help = "How many classrooms may become mobile labs.",
       .default_shown = "all classrooms"},
      {.name = "catalog",
       .group = "Semester",
       .kind = PathKind{},
       .help =
           "CSV file with the faculties and programs to add to the store. Its first row names the columns faculty and "
           "program; the server ignores other columns. It accepts the files that Excel writes: cells separated by "
           "comma, semicolon, tab or \"|\", in UTF-8, UTF-16 or Windows-1252.",
       .default_shown = "10 faculties, if the store has none"},
  };
}

std::vector<Setting> network_settings() {
  std::vector<Setting> settings{
      {.name = "bind",
       .group = "Network",
       .kind = BindKind{},
       .help = "The address to listen on.",
       .default_value = "127.0.0.1"},
      {.name = "port",
       .group = "Network",
       .kind = IntegerKind{0, 65'535},
       .help = "The TCP port to listen on. With 0 the system chooses a free port; the READY line names it.",
       .default_value = "6000"},
      {.name = "advertise",
       .group = "Network",
       .kind = HostPortKind{},
       .help = "HOST:PORT at which clients reach this server. While it leads, the other servers on the same database "
               "refer their clients to it.",
       .default_shown = "the bound address; nothing if the server listens on every address"},
      http_setting(),
      {.name = "proxy-server",
       .group = "Network",
       .kind = HostPortKind{},
       .help =
           "HOST:PORT of an old proxy, over IPv4. The server registers with the proxy each time it begins to lead, and "
           "tries again each second until it succeeds. The server then listens only while it leads."},
      memory_setting("the server"),
  };
  settings.push_back(admin_setting(
      "The folder of the socket file for commands of the office (dtictl grant and semester). The server makes "
      "it if there is none."));
  // Beside --bind and --port, and in the groups Network and Keys.
  const auto doors = door_settings("port");
  settings.insert(settings.begin() + 2, doors.begin(), doors.end() - 1);
  const auto own_key = key_settings("The key file of this server, for curve:// endpoints.");
  settings.insert(settings.end(), own_key.begin(), own_key.end());
  settings.push_back(doors.back());
  return settings;
}

std::vector<Setting> client_settings() {
  auto settings = limit_settings();
  settings.push_back({.name = "programs-max",
                      .group = "Limits",
                      .kind = IntegerKind{1, kProgramsMax},
                      .help =
                          "How many programs a request may have, unless its key has the role office, which may have "
                          "1000. Larger requests get INVALID-REQUEST.",
                      .default_value = "1000",
                      .reloads = true});
  return settings;
}

std::vector<Setting> simulation_settings() {
  return {
      {.name = "num-faculties",
       .group = "Simulations",
       .kind = IntegerKind{0, kFacultiesMax},
       .help = "Exits with code 0 after replying without error to N distinct faculties. 0 means that it keeps running.",
       .default_value = "0"},
      {.name = "fail-seconds",
       .group = "Simulations",
       .kind = SecondsKind{.zero_allowed = true},
       .help = "Kills itself with SIGKILL this long after READY, to simulate a crash. 0 means never.",
       .default_value = "0"},
  };
}

// Tells whether an address accepts IPv6 connections only. `::` accepts IPv4 connections too.
bool is_ipv6_only(const std::string& host) { return host.find(':') != std::string::npos && host != "[::]"; }

std::optional<Quantity> quantity(const Settings& settings, std::string_view name) {
  return settings.has(name) ? std::optional<Quantity>{settings.integer(name)} : std::nullopt;
}

std::variant<std::optional<SemesterToOpen>, UsageExit> find_semester(const Settings& settings) {
  if (!settings.has("semester")) {
    for (const auto* name : {"classrooms", "labs", "mobile-labs"}) {
      if (settings.has(name)) return settings.bad(name, "needs --semester too");
    }
    return std::nullopt;
  }
  if (settings.text("semester").find(" # ") != std::string::npos) {
    return settings.bad("semester", "has a comment (\" # \"): the server does not remove it");
  }
  return SemesterToOpen{.name = settings.text("semester"),
                        .classrooms = quantity(settings, "classrooms"),
                        .labs = quantity(settings, "labs"),
                        .conversions = quantity(settings, "mobile-labs")};
}

/// One line for each listed fault, and a last line that counts the others.
UsageExit bad_catalog(const Settings& settings, const CatalogFaults& faults) {
  const auto& path = settings.text("catalog");
  UsageExit usage;
  for (const auto& fault : faults.listed) {
    auto place = path;
    for (const auto number : {fault.line, fault.column}) place += number == 0 ? "" : ":" + std::to_string(number);
    usage.text += settings.bad("catalog", place + ": " + fault.reason).text;
  }
  if (faults.more > 0) {
    usage.text += settings.bad("catalog", path + ": and " + std::to_string(faults.more) + " more faults").text;
  }
  return usage;
}

std::variant<CatalogFile, UsageExit> read_catalog(const Settings& settings, const Surroundings& surroundings) {
  if (!settings.has("catalog")) return CatalogFile{};
  const auto& path = settings.text("catalog");
  std::string text;
  try {
    text = surroundings.read_file(path);
  } catch (const std::runtime_error& error) {
    return settings.bad("catalog", "cannot read " + quoted_text(path) + ": " + error.what());
  }
  auto catalog = parse_catalog(text);
  if (const auto* faults = std::get_if<CatalogFaults>(&catalog)) return bad_catalog(settings, *faults);
  auto file = std::get<CatalogFile>(std::move(catalog));
  if (file.rows.empty()) return settings.bad("catalog", path + ": it has a header and no program");
  return file;
}

std::vector<CatalogRow> default_rows() {
  auto file = parse_catalog(default_catalog());
  DTI_CHECK(std::holds_alternative<CatalogFile>(file));
  return std::get<CatalogFile>(std::move(file)).rows;
}

std::size_t programs_max(const Settings& settings) {
  return static_cast<std::size_t>(settings.integer("programs-max"));
}

/// All options except those from the catalogue file.
std::variant<DtiServerOptions, UsageExit> read_options(std::span<const std::string> args,
                                                       const Surroundings& surroundings) {
  auto resolved = resolve(describe_dti_server(), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  auto& settings = std::get<Settings>(resolved);

  auto semester = find_semester(settings);
  if (auto* usage = std::get_if<UsageExit>(&semester)) return std::move(*usage);
  auto store = find_store(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&store)) return std::move(*usage);

  DtiServerOptions options;
  options.start.semester = std::get<0>(std::move(semester));
  options.start.names = {"--semester", "--classrooms", "--labs", "--mobile-labs"};
  options.pipeline.store_timeout = settings.duration("store-timeout");
  options.pipeline.faculties_to_answer = static_cast<std::size_t>(settings.integer("num-faculties"));
  options.store = std::get<StoreAddress>(std::move(store));
  auto doors = read_doors(settings, surroundings, "port");
  if (auto* usage = std::get_if<UsageExit>(&doors)) return std::move(*usage);
  options.doors = std::get<Doors>(std::move(doors));
  auto key = read_own_key(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&key)) return std::move(*usage);
  options.key = std::get<0>(std::move(key));
  if (options.key && !options.doors.is_secured) return settings.bad("key", "needs a curve:// endpoint (--listen)");
  options.memory_max = read_memory_max(settings);
  options.limits = read_limits(settings);
  options.programs_max = programs_max(settings);
  if (settings.has("proxy-server")) {
    options.proxy = settings.addresses("proxy-server").front();
    if (options.proxy->host.starts_with('[')) {
      return settings.bad("proxy-server",
                          "the old proxy supports IPv4 only: give an IPv4 address, or a name that has one");
    }
    const auto& first = options.doors.endpoints.front();
    const auto* const name = settings.has("listen") ? "listen" : "bind";
    if (first.is_secured) {
      return settings.bad(name, "the old proxy (--proxy-server) has no key: the first endpoint must be tcp://");
    }
    if (is_ipv6_only(first.host)) {
      return settings.bad(name,
                          "the old proxy (--proxy-server) reaches a server over IPv4 only: listen on an IPv4 address");
    }
  }
  options.fail_after = settings.duration("fail-seconds");
  options.pipeline.lease.duration = settings.duration("lease-seconds");
  if (options.pipeline.lease.duration < kLeaseMin || options.pipeline.lease.duration > kLeaseMax) {
    return settings.bad("lease-seconds", "must be between 1 and 300 seconds");
  }
  options.needs_admin = settings.has("admin");
  options.admin_folder = find_admin_folder(settings, options.store, surroundings);
  options.http = http_address(settings);
  if (settings.has("advertise")) options.advertise = settings.addresses("advertise").front();
  options.log = log_options(settings);
  options.settings = std::move(settings);
  return options;
}

}  // namespace

AppDescription describe_dti_server() {
  std::vector<Setting> settings;
  for (auto part :
       {semester_settings(), store_settings(), network_settings(), client_settings(), simulation_settings()}) {
    settings.insert(settings.end(), part.begin(), part.end());
  }
  return {
      .name = "dti_server",
      .purpose =
          "dti_server allocates the classrooms and labs of a semester to faculties. It never grants a room twice. It "
          "stores each grant before it replies, so that a stop or a crash loses no grant. It prints "
          "\"READY tcp://ADDRESS:PORT\" on stdout when it is ready to allocate, and \"ALSO …\" for each further "
          "endpoint, and "
          "logs to stderr. SIGTERM and SIGINT "
          "stop it cleanly. Several servers can share one PostgreSQL database: one of them leads; the others print "
          "\"STANDBY tcp://ADDRESS:PORT\", refer clients to the leader, and take over when the leader stops or "
          "crashes.",
      .settings = std::move(settings),
      .examples = {{"open a semester in a new store, in the state directory",
                    "dti_server --semester=2025-10 --classrooms=380 --labs=60"},
                   {"continue with an existing store, for faculties on other machines that have keys",
                    "dti_server --listen=curve://0.0.0.0:6000 --key=dti.key --keys=keys.toml"},
                   {"use PostgreSQL, with the password in a file",
                    "DTI_STORE=postgresql://dti@db.example.org/dti PGPASSFILE=/etc/dti/pgpass dti_server"}},
      .exit_codes = {{0, "stopped on request, or its work is complete"},
                     {1, "could not start or continue; stderr gives the reason"},
                     {2, "incorrect usage: flags, environment, config file or catalogue"}},
      .is_service = true,
  };
}

std::variant<DtiServerOptions, UsageExit> read_dti_server_again(std::span<const std::string> args,
                                                                const Surroundings& surroundings) {
  return read_options(args, surroundings);
}

ServerChanges server_changes(const Settings& settings) {
  return {.memory_max = read_memory_max(settings),
          .lease = settings.duration("lease-seconds"),
          .limits = read_limits(settings),
          .programs_max = programs_max(settings)};
}

std::variant<DtiServerOptions, UsageExit> parse_dti_server_options(std::span<const std::string> args,
                                                                   const Surroundings& surroundings) {
  auto read = read_options(args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&read)) return std::move(*usage);
  auto& options = std::get<DtiServerOptions>(read);
  auto catalog = read_catalog(options.settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&catalog)) return std::move(*usage);
  auto& file = std::get<CatalogFile>(catalog);
  options.start.catalog = std::move(file.rows);
  options.catalog_is_windows_1252 = file.is_windows_1252;
  options.start.default_catalog = default_rows();
  if (auto usage = answer_about_config(describe_dti_server(), options.settings)) return *std::move(usage);
  return std::move(options);
}

}  // namespace dti
