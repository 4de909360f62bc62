#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dti/domain/catalog.hpp"
#include "dti/service/ledger/chain_heads.hpp"
#include "dti/service/ledger/ledger_replay.hpp"
#include "dti/service/ledger/ledger_seal.hpp"

namespace dti {

/// Recomputes the seals of one chain, and finds the first batch that is not as it was sealed. Pure.
class ChainCheck {
 public:
  /// @param end  of the chain, as the store names it
  ChainCheck(const StoreId& store, SemesterId chain, const SealedHead& end);

  /// Adds the next entry. @return the first difference; afterwards, entries are only counted
  [[nodiscard]] std::optional<StoreDifference> add(const StoredEntry& entry);
  [[nodiscard]] std::optional<StoreDifference> add(const RegistryEntry& entry);

  /// Compares the end. Call it after the last entry.
  [[nodiscard]] std::optional<StoreDifference> finish() const;

  /// Entries after the last seal.
  [[nodiscard]] Seq unsealed() const { return last_ - sealed_.seq; }

 private:
  /// @param fits  the entry was added to the seal
  [[nodiscard]] std::optional<StoreDifference> add(Seq seq, const std::optional<Seal>& seal, bool fits);

  const StoreId store_;
  const SemesterId chain_;
  const SealedHead end_;
  Sealing sealing_;
  SealedHead sealed_;  // of the entries so far
  Seq last_ = 0;       // of the entries so far
  bool differs_ = false;
};

/// Compares the registry with the catalogue and the semesters. Pure.
class RegistryCheck {
 public:
  RegistryCheck(const StoreId& store, const SealedHead& end) : chain_(store, kRegistryId, end) {}

  void add(const std::vector<RegistryEntry>& entries);
  /// @return the differences; what an older version has added, and the registry lacks, is none
  [[nodiscard]] std::vector<StoreDifference> finish(const std::vector<CatalogProgram>& catalog,
                                                    const std::vector<StoredSemester>& semesters) const;
  [[nodiscard]] Seq entries() const { return entries_; }

 private:
  struct Named {
    std::string name;
    std::string key;
    std::int64_t faculty = 0;
  };

  ChainCheck chain_;
  std::optional<StoreDifference> chain_difference_;
  Seq entries_ = 0;
  std::map<std::int64_t, Named> faculties_;
  std::map<std::int64_t, Named> programs_;
  std::map<std::int64_t, std::string> semesters_;
};

}  // namespace dti
