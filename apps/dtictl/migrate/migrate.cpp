#include "dtictl/migrate/migrate.hpp"

#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <variant>

#include "dti/base/time.hpp"
#include "dti/cli/escape.hpp"
#include "dti/repository/open/migrate_store.hpp"
#include "dtictl/migrate/migrate_options.hpp"

namespace dti {
namespace {

WallTime wall_time_now() { return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now()); }

void warn(const std::string& warning) { std::cerr << "WARNING: " << printable(warning) << std::endl; }

std::string report(const SchemaChange& change) {
  const std::string to = std::to_string(change.to);
  if (!change.is_needed()) return "the schema has version " + to + " already: nothing was changed";
  if (change.from == 0) return "made the schema: version " + to;
  return "migrated the schema: version " + std::to_string(change.from) + " -> version " + to;
}

}  // namespace

int run_migrate(std::span<const std::string> args) {
  const auto parsed = parse_migrate_options(args, process_surroundings());
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) return leave(*usage);
  const auto& options = std::get<MigrateOptions>(parsed);
  try {
    const SchemaChange change = migrate_store(options.store, options.store_timeout, wall_time_now(), warn);
    std::cout << printable(describe(options.store)) << ": " << report(change) << std::endl;
  } catch (const std::exception& error) {
    std::cerr << "dtictl migrate: " << printable(error.what()) << std::endl;
    return 1;
  }
  if (!std::cout) {
    std::cerr << "dtictl migrate: the schema is up to date, but the report could not be written to stdout" << std::endl;
    return 1;
  }
  return 0;
}

}  // namespace dti
