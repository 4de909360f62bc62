#include "dtictl/verify_options.hpp"

#include <utility>

#include "dti/repository/settings/store_options.hpp"
#include "dti_server/options.hpp"

namespace dti {
namespace {

std::vector<Setting> settings_of_verify() {
  return {
      store_setting(kStoresOnDisk),
      {.name = "store-timeout",
       .group = "Store",
       .kind = SecondsKind{},
       .help = "How long connecting to the store may take, and each wait for a lock that somebody else has.",
       .default_value = "10"},
      {.name = "json",
       .group = "Report",
       .kind = SwitchKind{},
       .help = "Prints the report as one JSON object.",
       .default_value = "false"},
  };
}

/// A server's file is read as it is: what else stands in it is the server's.
std::vector<Setting> settings_of_server_alone() {
  auto settings = describe_dti_server().settings;
  std::erase_if(settings,
                [](const Setting& setting) { return setting.name == "store" || setting.name == "store-timeout"; });
  return settings;
}

}  // namespace

AppDescription describe_verify() {
  return {
      .name = "dtictl verify",
      .purpose =
          "dtictl verify replays the ledger of each semester through the allocation rule, and compares every grant, "
          "what is left, the catalogue and the rest of the store with what comes out. It prints a line for each "
          "semester: what its ledger comes to, or the first entry that is not as it must be. It reads one moment of "
          "the store, changes nothing, and may run beside a server. On SQLite it also has the database check its "
          "file (PRAGMA integrity_check); the write-ahead log grows meanwhile.",
      .settings = settings_of_verify(),
      .examples = {{"the store in the state folder", "dtictl verify"},
                   {"the store of a server's config file, for a program", "dtictl verify --config=dti.toml --json"},
                   {"PostgreSQL, with the password out of sight",
                    "DTI_STORE=postgresql://dti@db.example.org/dti PGPASSFILE=/etc/dti/pgpass dtictl verify"}},
      .exit_codes = {{0, "all fits"},
                     {1, "a difference, or the store cannot be read; the report or stderr says where"},
                     {2, "bad use: flags, environment or config file"}},
      .others_in_file = settings_of_server_alone(),
  };
}

std::variant<VerifyOptions, UsageExit> parse_verify_options(std::span<const std::string> args,
                                                            const Surroundings& surroundings) {
  auto resolved = resolve(describe_verify(), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  const auto& settings = std::get<Settings>(resolved);
  auto store = find_store(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&store)) return std::move(*usage);

  VerifyOptions options;
  options.store = std::get<StoreAddress>(std::move(store));
  if (std::holds_alternative<MemoryStoreAddress>(options.store)) {
    return settings.bad("store", "a store in memory ends with its server: there is nothing to look at");
  }
  options.store_timeout = settings.duration("store-timeout");
  options.json = settings.is_on("json");
  return options;
}

}  // namespace dti
