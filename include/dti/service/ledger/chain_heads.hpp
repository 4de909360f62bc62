#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "dti/seals/seal.hpp"
#include "dti/service/ledger/registry.hpp"
#include "dti/service/ledger/stored_rows.hpp"

namespace dti {

/// The ends of a store's chains of seals at one moment: of the registry (kRegistryId) and of each semester. A store with
/// an older schema has none.
struct ChainHeads {
  StoreId store;
  std::map<SemesterId, SealedHead> ends;

  friend bool operator==(const ChainHeads&, const ChainHeads&) = default;
};

/// The seal that a row has.
struct RowSeal {
  bool is_there = false;       // the row exists
  std::optional<Seal> seal{};  // none: the row has none
};

/// Reads the seal of the entry with that seq of a chain.
using SealReader = std::function<RowSeal(SemesterId chain, Seq seq)>;

/// The sentence about entries that no seal covers, in a store that has seals.
[[nodiscard]] std::string unsealed_text(Seq first, Seq last);

/// Compares the ends of chains that were read earlier with the store now. An entry that is no longer there is no
/// difference here: the store has lost entries, which its reader notices.
/// @return a sentence about an entry that was sealed and has another seal, or none, now
[[nodiscard]] std::optional<std::string> rewritten_entry(const ChainHeads& known, const ChainHeads& stored,
                                                         const SealReader& read);

/// @throws StorageError  kRewritten, with what differs and what to do
[[noreturn]] void refuse_rewritten(const std::string& what);
/// No restored backup and no promoted replica has another id. @throws StorageError  kRewritten
void refuse_other_store(const StoreId& known, const StoreId& stored);

}  // namespace dti
