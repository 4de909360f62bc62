#include "dtictl/verify/verify_options.hpp"

#include <utility>

#include "dti/repository/settings/store_options.hpp"
#include "dtictl/server_settings.hpp"

namespace dti {
namespace {

std::vector<Setting> settings_of_verify() {
  return {
      store_setting(kStoresOnDisk),
      {.name = "store-timeout",
       .group = "Store",
       .kind = SecondsKind{},
       .help = "How long connecting to the store may take, and each wait for a lock of another process.",
       .default_value = "10"},
      {.name = "json",
       .group = "Report",
       .kind = SwitchKind{},
       .help = "Prints the report as one JSON object.",
       .default_value = "false"},
  };
}

}  // namespace

AppDescription describe_verify() {
  return {
      .name = "dtictl verify",
      .purpose =
          "dtictl verify replays the ledger of each semester through the allocation rule. It compares the result with "
          "every grant, the rooms that are left, the catalogue and the rest of the store. It prints a line for each "
          "semester: the totals of its ledger, or its first difference. It reads the state of the store at one moment, "
          "changes nothing, and can run while a server runs. On SQLite it also checks the file with PRAGMA "
          "integrity_check; the write-ahead log grows during that time.",
      .settings = settings_of_verify(),
      .examples = {{"verify the store in the state folder", "dtictl verify"},
                   {"for a script: verify the store of a server's config file",
                    "dtictl verify --config=dti.toml --json"},
                   {"verify a PostgreSQL store, with the password in a file",
                    "DTI_STORE=postgresql://dti@db.example.org/dti PGPASSFILE=/etc/dti/pgpass dtictl verify"}},
      .exit_codes = {{0, "the store is consistent"},
                     {1, "the store has a difference, or cannot be read; the report or stderr gives the place"},
                     {2, "incorrect usage: flags, environment or config file"}},
      .others_in_file = settings_of_server_alone(),
  };
}

std::variant<VerifyOptions, UsageExit> parse_verify_options(std::span<const std::string> args,
                                                            const Surroundings& surroundings) {
  auto resolved = resolve(describe_verify(), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  auto& settings = std::get<Settings>(resolved);
  auto store = find_store(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&store)) return std::move(*usage);

  VerifyOptions options;
  options.store = std::get<StoreAddress>(std::move(store));
  if (std::holds_alternative<MemoryStoreAddress>(options.store)) {
    return settings.bad("store", "a memory: store exists only inside its server, so it cannot be verified");
  }
  options.store_timeout = settings.duration("store-timeout");
  options.json = settings.is_on("json");
  return options;
}

}  // namespace dti
