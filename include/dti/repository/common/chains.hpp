#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dti/base/log.hpp"
#include "dti/repository/common/chain_beginning.hpp"
#include "dti/service/ledger/chain_heads.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

/// A change as it is stored: its last entry has the hash of the note, and the last entries have the seals.
struct SealedChange {
  std::vector<StoredEntry> entries;
  std::vector<RegistryEntry> registered;
  SealedHead end;           // of the semester's chain
  SealedHead registry_end;  // of the registry's chain
};

/// The chains of seals of a store, as one repository has read and written them. It computes the seals of a leader's
/// batches, and notices that history was rewritten. Thread: that of the repository's calls.
/// Source: docs/adr/0024-tamper-evidence.md
class Chains {
 public:
  /// @param log  receives an error if seals differ and the database has another history; may be empty
  explicit Chains(LogSink log) : log_(std::move(log)) {}

  /// Compares the ends that are known here with those of the store. In a database with another history (a replica was
  /// promoted, a backup was restored) seals may differ: that is logged, and all that was known is forgotten.
  /// @throws StorageError  kRewritten: seals differ in the same history, or the store has another id
  void compare(const ChainHeads& stored, const History& history, const SealReader& read);

  /// The same for a take-over, which also needs chains that end where the ledgers do. Only a store that has no id yet has
  /// entries without a seal. @throws StorageError  kCorrupt as well
  void compare(const ChainHeads& stored, const History& history, const SealReader& read,
               const std::vector<StoredSemester>& semesters);

  /// Notes what the store has. @param stored  compared before
  void note(ChainHeads stored, const History& history);

  /// The beginning of a store without chains; none after note().
  ChainBeginning& begin(const std::vector<StoredSemester>& semesters) { return beginning_.emplace(semesters); }
  [[nodiscard]] std::optional<ChainBeginning>& beginning() { return beginning_; }

  /// Computes the seal of a batch, which its last entry keeps.
  /// @return none if the chain does not end where the batch begins: the store would refuse the batch
  [[nodiscard]] std::optional<Seal> seal(const Batch& batch);
  /// The batch that was sealed last is stored.
  void on_committed();
  /// Computes the seals of a change. @return as seal()
  [[nodiscard]] std::optional<SealedChange> seal(const Change& change) const;
  /// The change is stored.
  void on_changed(SemesterId semester, const SealedChange& change);
  /// A semester was opened with this first entry.
  void on_opened(SemesterId semester, const SealedHead& end) { known_.ends[semester] = end; }
  /// Entries were added to the registry.
  void on_registered(const SealedHead& end) { known_.ends[kRegistryId] = end; }

  [[nodiscard]] const StoreId& store() const { return known_.store; }

 private:
  LogSink log_;
  ChainHeads known_;
  History history_;
  std::optional<ChainBeginning> beginning_;
  std::optional<std::pair<SemesterId, SealedHead>> pending_;
};

/// Refuses a registry whose last entry is not the one that has the last seal.
/// @throws StorageError  kCorrupt
void refuse_other_end(Seq last, Seq sealed);

/// Refuses additions to the catalogue or to the semesters that the registry lacks: no server has made them.
/// @throws StorageError  kCorrupt
void refuse_unregistered(const std::vector<RegistryEntry>& missing);

/// The seal of the entry that opens a semester.
[[nodiscard]] Seal seal_of_opening(const StoreId& store, SemesterId semester, const Capacity& capacity, WallTime at);

}  // namespace dti
