#include "dti_server/options.hpp"

#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "dti/base/check.hpp"
#include "dti/cli/escape.hpp"
#include "dti/cli/log_options.hpp"
#include "dti/domain/catalog.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/domain/pool.hpp"
#include "dti/repository/settings/store_options.hpp"

namespace dti {
namespace {

// A shorter lease would run out whenever the machine is busy; a longer one only delays who takes over after a crash.
constexpr std::chrono::seconds kLeaseMin{1};
constexpr std::chrono::seconds kLeaseMax{300};
constexpr std::int64_t kMemoryMebibytesMax = 1'048'576;  // a tebibyte
constexpr std::int64_t kFacultiesMax = 1'000'000;        // far more than a catalogue has; catches slips

std::vector<Setting> store_settings() {
  return {
      store_setting(kAllStores),
      {.name = "store-timeout",
       .group = "Store",
       .kind = SecondsKind{},
       .help = "How long a request waits for the store before it is answered UNAVAILABLE.",
       .default_value = "10"},
      {.name = "lease-seconds",
       .group = "Store",
       .kind = SecondsKind{},
       .help =
           "Of several servers on one PostgreSQL database one leads; after its crash another one takes over once this "
           "time has passed since the last renewal. 1 to 300.",
       .default_value = "5"},
  };
}

std::vector<Setting> semester_settings() {
  return {
      {.name = "semester",
       .group = "Semester",
       .kind = NameKind{kSemesterBytesMax},
       .help =
           "Opens this semester if the store has none of that name, which needs --classrooms and --labs. If it has, "
           "what is given must equal what it was opened with. Other open semesters of the store are served too.",
       .default_shown = "those that the store has open"},
      {.name = "classrooms",
       .group = "Semester",
       .kind = IntegerKind{0, kCapacityMax},
       .help = "How many classrooms the semester starts with.",
       .default_shown = "none; needed to open a semester"},
      {.name = "labs",
       .group = "Semester",
       .kind = IntegerKind{0, kCapacityMax},
       .help = "How many labs the semester starts with.",
       .default_shown = "none; needed to open a semester"},
      {.name = "mobile-labs",
       .group = "Semester",
       .kind = IntegerKind{0, kCapacityMax},
       .help = "How many classrooms may be turned into mobile labs.",
       .default_shown = "all classrooms"},
      {.name = "catalog",
       .group = "Semester",
       .kind = PathKind{},
       .help =
           "CSV file with the faculties and programs to add to the store. Its first row names the columns faculty and "
           "program; other columns are ignored. As Excel writes it: separated by comma, semicolon, tab or \"|\", in "
           "UTF-8, UTF-16 or Windows-1252.",
       .default_shown = "10 faculties, for a store that has none"},
  };
}

std::vector<Setting> network_settings() {
  return {
      {.name = "bind",
       .group = "Network",
       .kind = BindKind{},
       .help = "Address to listen on.",
       .default_value = "127.0.0.1"},
      {.name = "port",
       .group = "Network",
       .kind = IntegerKind{0, 65'535},
       .help = "TCP port to listen on; 0 is any free port, which the READY line names.",
       .default_value = "6000"},
      {.name = "advertise",
       .group = "Network",
       .kind = HostPortKind{},
       .help = "Where clients reach this server: what other servers on the same database answer while this one leads.",
       .default_shown = "where it listens; nothing if that is every address"},
      {.name = "proxy-server",
       .group = "Network",
       .kind = HostPortKind{},
       .help =
           "Registers with the old proxy there each time it begins to lead, and tries again each second until that "
           "works. Listens only while it leads. Only over IPv4."},
      {.name = "memory-max",
       .group = "Network",
       .kind = IntegerKind{0, kMemoryMebibytesMax},
       .help =
           "MiB of memory above which every connection is closed, so that nobody fills it with messages that do not "
           "end; clients connect again. 0 is without a bound.",
       .default_value = "1024"},
  };
}

std::vector<Setting> simulation_settings() {
  return {
      {.name = "num-faculties",
       .group = "Simulations",
       .kind = IntegerKind{0, kFacultiesMax},
       .help = "Ends with 0 after so many distinct faculties were answered without error; 0 runs on.",
       .default_value = "0"},
      {.name = "fail-seconds",
       .group = "Simulations",
       .kind = SecondsKind{.zero_allowed = true},
       .help = "Kills itself (SIGKILL) so long after READY, as a crash would; 0 is never.",
       .default_value = "0"},
  };
}

// Of a --bind; `::` is every address, also those of IPv4.
bool is_ipv6_only(const std::string& bind) {
  return bind.find(':') != std::string::npos && bind != "::" && bind != "[::]";
}

std::optional<Quantity> quantity(const Settings& settings, std::string_view name) {
  return settings.has(name) ? std::optional<Quantity>{settings.integer(name)} : std::nullopt;
}

std::variant<std::optional<SemesterToOpen>, UsageExit> find_semester(const Settings& settings) {
  if (!settings.has("semester")) {
    for (const auto* name : {"classrooms", "labs", "mobile-labs"}) {
      if (settings.has(name)) return settings.bad(name, "needs --semester, which says what it belongs to");
    }
    return std::nullopt;
  }
  return SemesterToOpen{.name = settings.text("semester"),
                        .classrooms = quantity(settings, "classrooms"),
                        .labs = quantity(settings, "labs"),
                        .conversions = quantity(settings, "mobile-labs")};
}

/// One line for each fault, and one that counts the others.
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

}  // namespace

AppDescription describe_dti_server() {
  std::vector<Setting> settings;
  for (auto part : {semester_settings(), store_settings(), network_settings(), simulation_settings()}) {
    settings.insert(settings.end(), part.begin(), part.end());
  }
  return {
      .name = "dti_server",
      .purpose =
          "dti_server hands out the classrooms and labs of a semester to the faculties that ask for them, exactly "
          "once. Each grant is in the store before it is answered, so that a server that is stopped, or killed, "
          "goes on where it was when it is started again. It prints \"READY tcp://ADDRESS:PORT\" on stdout when it "
          "can serve, and logs to stderr. SIGTERM and SIGINT end it in order. Any number of servers can share one "
          "PostgreSQL database: one leads, the others print \"STANDBY tcp://ADDRESS:PORT\", send clients to the "
          "leader, "
          "and take over when it stops or crashes.",
      .settings = std::move(settings),
      .examples = {{"a semester in a new store, in the state directory",
                    "dti_server --semester=2025-10 --classrooms=380 --labs=60"},
                   {"go on with what the store has, for faculties on other machines", "dti_server --bind=0.0.0.0"},
                   {"PostgreSQL, with the password out of sight",
                    "DTI_STORE=postgresql://dti@db.example.org/dti PGPASSFILE=/etc/dti/pgpass dti_server"}},
      .exit_codes = {{0, "ended in order"},
                     {1, "could not start or go on; stderr says why"},
                     {2, "bad use: flags, environment, config file or catalogue"}},
  };
}

std::variant<DtiServerOptions, UsageExit> parse_dti_server_options(std::span<const std::string> args,
                                                                   const Surroundings& surroundings) {
  auto resolved = resolve(describe_dti_server(), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  const auto& settings = std::get<Settings>(resolved);

  auto semester = find_semester(settings);
  if (auto* usage = std::get_if<UsageExit>(&semester)) return std::move(*usage);
  auto store = find_store(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&store)) return std::move(*usage);
  auto catalog = read_catalog(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&catalog)) return std::move(*usage);

  DtiServerOptions options;
  options.start.semester = std::get<0>(std::move(semester));
  auto& file = std::get<CatalogFile>(catalog);
  options.start.catalog = std::move(file.rows);
  options.start.names = {"--semester", "--classrooms", "--labs", "--mobile-labs"};
  options.catalog_is_windows_1252 = file.is_windows_1252;
  options.start.default_catalog = default_rows();
  options.pipeline.store_timeout = settings.duration("store-timeout");
  options.pipeline.faculties_to_answer = static_cast<std::size_t>(settings.integer("num-faculties"));
  options.store = std::get<StoreAddress>(std::move(store));
  options.bind = settings.text("bind");
  options.port = static_cast<std::uint16_t>(settings.integer("port"));
  options.memory_max = static_cast<std::size_t>(settings.integer("memory-max")) * 1024 * 1024;
  if (settings.has("proxy-server")) {
    options.proxy = settings.addresses("proxy-server").front();
    if (options.proxy->host.starts_with('[')) {
      return settings.bad("proxy-server", "the old proxy knows IPv4 only: give an IPv4 address, or a name that has one");
    }
    if (is_ipv6_only(options.bind)) {
      return settings.bad("bind", "the old proxy (--proxy-server) reaches a server over IPv4 only: listen on an IPv4 "
                                  "address");
    }
  }
  options.fail_after = settings.duration("fail-seconds");
  options.pipeline.lease.duration = settings.duration("lease-seconds");
  if (options.pipeline.lease.duration < kLeaseMin || options.pipeline.lease.duration > kLeaseMax) {
    return settings.bad("lease-seconds", "must be from 1 to 300 seconds");
  }
  if (settings.has("advertise")) options.advertise = settings.addresses("advertise").front();
  options.log = log_options(settings);
  return options;
}

}  // namespace dti
