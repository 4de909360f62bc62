#pragma once

namespace dti {

/// The versions of a store's schema before and after a migration.
struct SchemaChange {
  int from = 0;  // 0: the store had no schema
  int to = 0;

  [[nodiscard]] bool is_needed() const { return from != to; }
};

}  // namespace dti
