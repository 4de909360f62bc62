#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "dti/base/embedded_file.hpp"

namespace dti {

/// One step of a schema: the text that takes it from version - 1 to version.
struct Migration {
  int version = 0;
  std::string_view name;  // such as 0001_ledger.up.sql
  std::string_view text;
};

/// The steps of a database, from its files. @param files  numbered 1, 2, 3, … in order
[[nodiscard]] std::vector<Migration> numbered(std::span<const embedded::File> files);

}  // namespace dti
