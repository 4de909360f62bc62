#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dti/base/embedded_file.hpp"
#include "dti/base/log.hpp"

namespace dti {

/// One step of a schema: the text that takes it from version - 1 to version.
struct Migration {
  int version = 0;
  std::string_view name;  // such as 0001_ledger.up.sql
  std::string_view text;
};

/// The steps of a database, from its files. @param files  numbered 1, 2, 3, … in order
[[nodiscard]] std::vector<Migration> numbered(std::span<const embedded::File> files);

/// The event to log after the first migration of a store. @param fields  the place of the store, if it may be shown
[[nodiscard]] LogEvent store_created(std::vector<std::pair<std::string, std::string>> fields);

}  // namespace dti
