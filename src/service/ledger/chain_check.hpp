#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
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
  /// @param first  the seal that the registry has for the entries of a version without seals; seq 0: it has none
  ChainCheck(const StoreId& store, SemesterId chain, const SealedHead& end, const SealedHead& first = {});

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
  const SealedHead first_;
  Sealing sealing_;
  SealedHead sealed_;  // of the entries so far
  Seq last_ = 0;       // of the entries so far
  bool differs_ = false;
};

/// Compares the registry with the catalogue and the semesters. Pure.
class RegistryCheck {
 public:
  RegistryCheck(const StoreId& store, const SealedHead& end)
      : has_seals_(store != StoreId{}), chain_(store, kRegistryId, end) {}

  void add(const std::vector<RegistryEntry>& entries);
  /// The first seal of a semester's ledger, if its row does not have it; seq 0: it has.
  [[nodiscard]] SealedHead first_seal(SemesterId semester) const;
  [[nodiscard]] std::vector<StoreDifference> finish(const std::vector<CatalogProgram>& catalog,
                                                    const std::vector<StoredSemester>& semesters) const;
  [[nodiscard]] Seq entries() const { return entries_; }

 private:
  struct Named {
    std::string name;
    std::string key;
    std::int64_t faculty = 0;  // of a program
  };

  void add_change(const RegistryEntry& entry);
  void check_catalog(const std::vector<CatalogProgram>& catalog, std::vector<StoreDifference>& found) const;
  void check_semesters(const std::vector<StoredSemester>& semesters, std::vector<StoreDifference>& found) const;

  const bool has_seals_;  // if not, no server has registered anything yet
  ChainCheck chain_;
  std::optional<StoreDifference> chain_difference_;
  Seq entries_ = 0;
  std::map<std::int64_t, Named> faculties_;
  std::map<std::int64_t, Named> programs_;
  std::map<std::pair<std::int64_t, std::string>, std::int64_t> owners_;  // faculty and key -> program
  std::set<std::int64_t> retired_;
  std::optional<StoreDifference> change_difference_;  // the first change of a program that no server writes
  struct Registered {
    std::string name;
    bool is_open = true;
  };
  std::map<std::int64_t, Registered> semesters_;
  std::map<std::int64_t, SealedHead> first_seals_;
};

}  // namespace dti
