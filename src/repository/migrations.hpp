#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace dti {

/// One step of a schema: the text that takes it from version - 1 to version.
struct Migration {
  int version = 0;
  std::string_view name;  // such as 0001_ledger.up.sql
  std::string_view text;
};

/// The steps that are part of this program, numbered 1, 2, 3, … in order.
[[nodiscard]] std::span<const Migration> postgresql_migrations();
[[nodiscard]] std::span<const Migration> sqlite_migrations();

}  // namespace dti
