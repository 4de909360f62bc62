#include "dti/repository/common/migrations.hpp"

#include <charconv>
#include <system_error>
#include <utility>

#include "dti/base/check.hpp"

namespace dti {

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

LogEvent store_created(std::vector<std::pair<std::string, std::string>> fields) {
  return {LogLevel::kInfo, "store-created", "the store is new and empty", std::move(fields)};
}

}  // namespace dti
