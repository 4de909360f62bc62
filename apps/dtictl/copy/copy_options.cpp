#include "dtictl/copy/copy_options.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include "dti/repository/settings/store_options.hpp"
#include "dtictl/server_settings.hpp"
#include "dtictl/store_settings.hpp"

namespace dti {
namespace {

std::vector<Setting> settings_of_copy() {
  return with_store_settings({
      {.name = "to",
       .group = "Store",
       .kind = TextKind{},
       .help = std::string{"Where to copy the store: "} + kStoresOnDisk +
               ". It must be empty: a PostgreSQL database without tables, or a path without a file. Keep a password in "
               "a password file (PGPASSFILE), or in DTI_TO. A flag with a password is rejected.",
       .needed = true,
       .without_password = without_password},
  });
}

/// One file can have several paths. PostgreSQL refuses itself as the target, since it is not empty.
bool is_same_store(const StoreAddress& store, const StoreAddress& to) {
  const auto* const file = std::get_if<SqliteStoreAddress>(&store);
  const auto* const target = std::get_if<SqliteStoreAddress>(&to);
  std::error_code error;  // of a path without a file
  if (file != nullptr && target != nullptr && std::filesystem::equivalent(file->path, target->path, error)) return true;
  return describe(store) == describe(to);
}

}  // namespace

AppDescription describe_copy() {
  return {
      .name = "dtictl copy",
      .purpose =
          "dtictl copy copies a store into an empty one, also into the other kind of database: from SQLite to "
          "PostgreSQL, or back. It copies the catalogue, the semesters and the ledgers exactly, and then compares "
          "every "
          "entry. Stop all servers of both stores first: it refuses a store that a server uses. Nothing of the copy is "
          "stored until all of it is, and the source stays as it is. It copies only a store in which dtictl verify "
          "finds no difference.",
      .settings = settings_of_copy(),
      .examples = {{"from the SQLite file of the service to PostgreSQL",
                    "PGPASSFILE=/etc/dti/credentials/pgpass dtictl copy --config=/etc/dti/dti.toml "
                    "--to=postgresql://dti@db.example.org/dti"},
                   {"from PostgreSQL to a SQLite file",
                    "dtictl copy --store=postgresql://dti@db.example.org/dti --to=sqlite:/var/lib/dti/dti.db"}},
      .exit_codes = {{0, "the copy is complete, and is the same as the source"},
                     {1, "the store was not copied, or the copy differs or was not compared; stderr gives the reason"},
                     {2, "incorrect usage: flags, environment or config file"}},
      .others_in_file = settings_of_server_alone(),
  };
}

std::variant<CopyOptions, UsageExit> parse_copy_options(std::span<const std::string> args,
                                                        const Surroundings& surroundings) {
  auto resolved = resolve(describe_copy(), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  auto& settings = std::get<Settings>(resolved);
  auto store = find_store_on_disk(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&store)) return std::move(*usage);
  auto to = read_store_on_disk(settings, "to");
  if (auto* usage = std::get_if<UsageExit>(&to)) return std::move(*usage);

  CopyOptions options;
  options.store = std::get<StoreAddress>(std::move(store));
  options.to = std::get<StoreAddress>(std::move(to));
  if (is_same_store(options.store, options.to)) return settings.bad("to", "is the source itself");
  options.store_timeout = settings.duration("store-timeout");
  return options;
}

}  // namespace dti
