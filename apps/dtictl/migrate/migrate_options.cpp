#include "dtictl/migrate/migrate_options.hpp"

#include <utility>

#include "dti/repository/settings/store_options.hpp"
#include "dtictl/server_settings.hpp"

namespace dti {
namespace {

std::vector<Setting> settings_of_migrate() {
  return {
      store_setting(kStoresOnDisk),
      {.name = "store-timeout",
       .group = "Store",
       .kind = SecondsKind{},
       .help = "How long connecting to the store may take, and each wait for a lock of another process.",
       .default_value = "10"},
  };
}

}  // namespace

AppDescription describe_migrate() {
  return {
      .name = "dtictl migrate",
      .purpose =
          "dtictl migrate makes the schema of a store, or brings it to the version that this program needs, in one "
          "transaction. It prints the versions before and after. Run it as the role that owns the schema, before the "
          "first start and before the start of a version with a newer schema, if the servers connect as a role that "
          "may not change the schema. It refuses a store that a server leads: stop all servers first. If the schema is "
          "up to date, it changes nothing, also while servers run. A server whose role owns the schema, and a server "
          "on a SQLite file, migrate the store themselves.",
      .settings = settings_of_migrate(),
      .examples = {{"as the owner of the schema, with the password in a file",
                    "PGPASSFILE=/root/pgpass dtictl migrate --store=postgresql://dti_owner@db.example.org/dti"},
                   {"make the SQLite file of a server's config file",
                    "sudo -u dti dtictl migrate --config=/etc/dti/dti.toml"}},
      .exit_codes = {{0, "the schema is up to date"},
                     {1, "nothing was changed, or the outcome is not known; stderr gives the reason"},
                     {2, "incorrect usage: flags, environment or config file"}},
      .others_in_file = settings_of_server_alone(),
  };
}

std::variant<MigrateOptions, UsageExit> parse_migrate_options(std::span<const std::string> args,
                                                              const Surroundings& surroundings) {
  auto resolved = resolve(describe_migrate(), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  auto& settings = std::get<Settings>(resolved);
  auto store = find_store(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&store)) return std::move(*usage);

  MigrateOptions options;
  options.store = std::get<StoreAddress>(std::move(store));
  if (std::holds_alternative<MemoryStoreAddress>(options.store)) {
    return settings.bad("store", "a memory: store exists only inside its server, so it cannot be migrated");
  }
  options.store_timeout = settings.duration("store-timeout");
  return options;
}

}  // namespace dti
