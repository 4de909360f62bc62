#include "repository/migrations.hpp"

#include <charconv>
#include <system_error>

#include "dti/domain/check.hpp"
#include "embedded/postgresql_migrations.hpp"
#include "embedded/sqlite_migrations.hpp"

namespace dti {
namespace {

std::vector<Migration> numbered(std::span<const embedded::File> files) {
  std::vector<Migration> migrations;
  for (const embedded::File& file : files) {
    int version = 0;
    const auto parsed = std::from_chars(file.name.data(), file.name.data() + file.name.size(), version);
    DTI_CHECK(parsed.ec == std::errc{} && version == static_cast<int>(migrations.size()) + 1);
    migrations.push_back({version, file.name, file.text});
  }
  return migrations;
}

}  // namespace

std::span<const Migration> postgresql_migrations() {
  static const std::vector<Migration> migrations = numbered(embedded::postgresql_migrations);
  return migrations;
}

std::span<const Migration> sqlite_migrations() {
  static const std::vector<Migration> migrations = numbered(embedded::sqlite_migrations);
  return migrations;
}

}  // namespace dti
