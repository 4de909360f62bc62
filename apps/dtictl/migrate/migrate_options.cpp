#include "dtictl/migrate/migrate_options.hpp"

#include <utility>

#include "dtictl/server_settings.hpp"
#include "dtictl/store_settings.hpp"

namespace dti {
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
      .settings = with_store_settings({}),
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
  auto store = find_store_on_disk(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&store)) return std::move(*usage);
  return MigrateOptions{std::get<StoreAddress>(std::move(store)), settings.duration("store-timeout")};
}

}  // namespace dti
