#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dti/base/log.hpp"
#include "dti/service/ledger/chain_heads.hpp"
#include "dti/service/ledger/ledger_seal.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

/// The chains of seals of a store, as one repository has read and written them. It computes the seals of a leader's
/// batches, and notices that history was rewritten. Thread: that of the repository's calls.
/// Source: docs/adr/0024-tamper-evidence.md
class Chains {
 public:
  /// Compares the ends that are known here with those of the store. If the store has another history, all that was known
  /// is forgotten: the two may differ.
  /// @throws StorageError  as refuse_rewritten()
  void compare(const ChainHeads& stored, const History& history, const SealReader& read);

  /// The same for a take-over, which also needs chains that end where the ledgers do. Only a store that has no id yet has
  /// entries without a seal.
  void compare(const ChainHeads& stored, const History& history, const SealReader& read,
               const std::vector<StoredSemester>& semesters);

  /// Notes what the store has. @param stored  compared before
  void note(ChainHeads stored, const History& history);

  /// Begins the chains of a store that no server with seals has led: an older version wrote all its entries. Give them to
  /// add_unsealed(), semester by semester; then first_ends() has a seal for each semester.
  void begin(const std::vector<StoredSemester>& semesters);
  /// The next entries for add_unsealed(); none: there are no more.
  [[nodiscard]] std::optional<UnsealedPart> next_unsealed() const;
  /// @throws StorageError  kCorrupt: an entry is missing, has a seal, or cannot be sealed
  void add_unsealed(const UnsealedPart& part, const std::vector<StoredEntry>& entries);
  /// The chains were begun, and the store does not have their ends yet.
  [[nodiscard]] bool is_beginning() const { return beginning_.has_value(); }
  /// The new id of the store and the first ends of the semesters' chains.
  [[nodiscard]] ChainHeads first_ends();
  /// Their entries in the registry.
  [[nodiscard]] std::vector<RegistryEntry> first_seals();

  /// Computes the seal of a batch, which its last entry keeps.
  /// @return none if the chain does not end where the batch begins: the store would refuse the batch
  [[nodiscard]] std::optional<Seal> seal(const Batch& batch);
  /// The batch that was sealed last is stored.
  void on_committed();
  /// A semester was opened with this first entry.
  void on_opened(SemesterId semester, const SealedHead& end) { known_.ends[semester] = end; }
  /// Entries were added to the registry.
  void on_registered(const SealedHead& end) { known_.ends[kRegistryId] = end; }

  [[nodiscard]] const StoreId& store() const { return known_.store; }

 private:
  struct FirstSeal {
    SemesterId semester = 0;
    std::string name;
    Seq head = 0;
    Sealing sealing;  // has the entries up to `read`
    Seq read = 0;
  };
  struct Beginning {
    StoreId store;
    std::vector<FirstSeal> semesters;
  };

  ChainHeads known_;
  History history_;
  std::optional<Beginning> beginning_;
  std::optional<std::pair<SemesterId, SealedHead>> pending_;
};

/// Refuses additions to the catalogue or to the semesters that the registry lacks: no server has made them.
/// @throws StorageError  kCorrupt
void refuse_unregistered(const std::vector<RegistryEntry>& missing);

/// For the log: the first server with seals has sealed what was there.
[[nodiscard]] std::vector<LogEvent> entries_sealed(const std::vector<RegistryEntry>& first_seals);

/// The seal of the entry that opens a semester.
[[nodiscard]] Seal seal_of_opening(const StoreId& store, SemesterId semester, const Capacity& capacity, WallTime at);

}  // namespace dti
