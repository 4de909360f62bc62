#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dti/base/time.hpp"
#include "dti/domain/catalog.hpp"
#include "dti/service/ledger/ledger_snapshot.hpp"
#include "dti/service/ledger/verify.hpp"

namespace dti {

/// Receives the warnings of a copy, each a sentence for people. Thread: that of the copy.
using CopyWarningSink = std::function<void(const std::string&)>;

/// Keeps servers away from a store while it lives: no server can take the lead of the store.
class StoreHold {
 public:
  StoreHold() = default;
  StoreHold(const StoreHold&) = delete;
  StoreHold& operator=(const StoreHold&) = delete;
  virtual ~StoreHold() = default;
};

/// Fills an empty store with the content of another one. It keeps servers away from the store, and everything is in one
/// transaction: without commit(), the store stays empty. Its creator makes the schema, in the same transaction.
/// Every call throws StorageError: kUnavailable, kInvariant, kRejected. Thread: one.
class StoreFiller {
 public:
  StoreFiller() = default;
  StoreFiller(const StoreFiller&) = delete;
  StoreFiller& operator=(const StoreFiller&) = delete;
  virtual ~StoreFiller() = default;

  /// @param programs  the whole catalogue, in order of id
  virtual void add_catalog(const std::vector<CatalogProgram>& programs) = 0;
  virtual void add_semester(const StoredSemester& semester) = 0;
  /// @param semester  added before
  virtual void add_entries(SemesterId semester, const std::vector<StoredEntry>& entries) = 0;
  /// @param semester  added before, or kRegistryId
  virtual void add_notes(SemesterId semester, const std::map<Seq, CommandNote>& notes) = 0;
  /// @param entries  the next ones, in order of seq
  virtual void add_registry(const std::vector<RegistryEntry>& entries) = 0;
  /// Sets the id of the store and the ends of its chains. @param heads  of semesters that were added before
  virtual void set_chain_heads(const ChainHeads& heads) = 0;
  /// Makes everything durable. Nothing else may be called afterwards.
  /// @param epoch  the lowest epoch that the leadership may have
  /// @return the epoch that the leadership has; it rises when a server takes the lead
  /// @throws StorageError  kInDoubt: the copy may be stored. Any other kind: it is not
  [[nodiscard]] virtual Epoch commit(Epoch epoch, WallTime at) = 0;
};

/// Copies catalogue, semesters, ledgers and notes into the store, with their seals and the registry, without commit().
/// @param source  a consistent store: verify() finds no difference
/// @param progress  called before each semester, and after each piece of a ledger
void fill(StoreFiller& target, LedgerSnapshot& source, const std::function<void(const VerifyProgress&)>& progress);

/// Compares catalogue, semesters, every entry, note and seal of two stores.
/// @return the first difference, as a sentence; none: they are the same
[[nodiscard]] std::optional<std::string> compare(LedgerSnapshot& source, LedgerSnapshot& copy);

/// Tells whether no server has used the store between two snapshots.
[[nodiscard]] bool is_unchanged(LedgerSnapshot& before, LedgerSnapshot& after);

}  // namespace dti
