#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

  /// The same for a take-over, which also needs ends that its semesters can have.
  void compare(const ChainHeads& stored, const History& history, const SealReader& read,
               const std::vector<StoredSemester>& semesters);

  /// Notes what the store has. @param stored  compared before
  void note(ChainHeads stored, const History& history);

  /// The same, for a leader: begins the next seal of each semester.
  void lead(ChainHeads stored, const History& history, const std::vector<StoredSemester>& semesters);

  /// The next entries that no seal covers, because an older version wrote them; none: batches may be sealed. The next
  /// seal covers them too: give them to add_unsealed().
  [[nodiscard]] std::optional<UnsealedPart> next_unsealed() const;
  /// @throws StorageError  kCorrupt: an entry is missing, or cannot be sealed
  void add_unsealed(const UnsealedPart& part, const std::vector<StoredEntry>& entries);

  /// Computes the seal of a batch, which its last entry keeps.
  /// @return none if the chain does not end where the batch begins: the store would refuse the batch
  [[nodiscard]] std::optional<Seal> seal(const Batch& batch);
  /// The batch that was sealed last is stored.
  void on_committed();
  /// A semester was opened with this first entry.
  void on_opened(SemesterId semester, const SealedHead& end);
  /// Entries were added to the registry.
  void on_registered(const SealedHead& end) { known_.ends[kRegistryId] = end; }

  [[nodiscard]] const StoreId& store() const { return known_.store; }

 private:
  struct Open {
    Sealing next;  // has the entries up to `read` that no seal covers
    Seq read = 0;
    Seq head = 0;  // of the take-over
    std::string name = {};
  };

  ChainHeads known_;
  History history_;
  std::map<SemesterId, Open> open_;
  std::optional<std::pair<SemesterId, SealedHead>> pending_;
};

/// The seal of the entry that opens a semester.
[[nodiscard]] Seal seal_of_opening(const StoreId& store, SemesterId semester, const Capacity& capacity, WallTime at);

}  // namespace dti
