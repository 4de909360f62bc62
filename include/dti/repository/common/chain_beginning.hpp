#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dti/base/log.hpp"
#include "dti/service/ledger/chain_heads.hpp"
#include "dti/service/ledger/ledger_seal.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

/// The first chains of a store.
struct FirstChains {
  ChainHeads heads;                  // the new id of the store, and the ends of the semesters' chains
  std::vector<RegistryEntry> seals;  // their entries in the registry, not sealed yet
};

/// Begins the chains of a store that no server with seals has led: an older version wrote all its entries. Give them to
/// add(), part by part. Thread: that of the repository's calls.
class ChainBeginning {
 public:
  explicit ChainBeginning(const std::vector<StoredSemester>& semesters);

  /// The next entries for add(); none: there are no more.
  [[nodiscard]] std::optional<UnsealedPart> next() const;
  /// @throws StorageError  kCorrupt: an entry is missing, has a seal, or cannot be sealed
  void add(const UnsealedPart& part, const std::vector<StoredEntry>& entries);
  /// After the last part.
  [[nodiscard]] FirstChains finish();

 private:
  struct FirstSeal {
    SemesterId semester = 0;
    std::string name;
    Seq head = 0;
    Sealing sealing;  // has the entries up to `read`
    Seq read = 0;
  };

  StoreId store_;
  std::vector<FirstSeal> semesters_;
};

/// For the log: the first server with seals has sealed what was there.
[[nodiscard]] std::vector<LogEvent> entries_sealed(const std::vector<RegistryEntry>& first_seals);

}  // namespace dti
