#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dti/domain/ledger.hpp"
#include "dti/seals/blake2b.hpp"
#include "dti/service/ledger/registry.hpp"
#include "dti/service/ledger/stored_rows.hpp"

namespace dti {

/// Computes one seal: the hash of the seal before it and of the entries since. Pure.
/// Source: docs/ledger-seals.md
class Sealing {
 public:
  /// @param chain  the semester, or kRegistryId
  /// @param before  the seal before this one; zeros for the first one of a chain
  Sealing(const StoreId& store, SemesterId chain, const Seal& before);

  /// Adds the next entry of the semester's ledger.
  /// @return false, and nothing added, if a number does not fit the columns: no seal covers such an entry
  bool add(const StoredEntry& entry);
  /// The same for a grant of a batch, without a row in between: this is the path of each request.
  void add_grant(const LedgerEntry& entry, std::int64_t at, const std::optional<std::string>& request_id);
  /// Adds the next entry of the registry. @return as above
  bool add(const RegistryEntry& entry);

  /// The seal of what was added so far.
  [[nodiscard]] Seal finish();

 private:
  void flush();

  Blake2b hash_;
  std::string buffer_;  // bytes that are not hashed yet: many short calls would be slow
};

}  // namespace dti
