#include "dti/service/ledger/chain_heads.hpp"

#include <string>

#include "dti/service/ledger/storage_error.hpp"

namespace dti {
namespace {

constexpr std::size_t kShownDigits = 16;

std::string shown(const Seal& seal) { return hex_text(seal).substr(0, kShownDigits); }

std::string name_of(SemesterId chain) {
  return chain == kRegistryId ? std::string{"the registry"} : "semester number " + std::to_string(chain);
}

RowSeal seal_at(const ChainHeads& stored, SemesterId chain, Seq seq, const SealReader& read) {
  const auto end = stored.ends.find(chain);
  if (end != stored.ends.end() && end->second.seq == seq) return {true, end->second.seal};
  return read(chain, seq);
}

}  // namespace

std::string unsealed_text(Seq first, Seq last) {
  if (first == last) return "entry " + std::to_string(first) + " has no seal: no server wrote it";
  return "entries " + std::to_string(first) + " to " + std::to_string(last) + " have no seal: no server wrote them";
}

std::optional<std::string> rewritten_entry(const ChainHeads& known, const ChainHeads& stored, const SealReader& read) {
  for (const auto& [chain, end] : known.ends) {
    if (end.seq == 0) continue;
    const auto found = seal_at(stored, chain, end.seq, read);
    if (!found.is_there || found.seal == end.seal) continue;
    return "entry " + std::to_string(end.seq) + " of " + name_of(chain) + " had the seal " + shown(end.seal) +
           "… when this server read it, and has " + (found.seal ? shown(*found.seal) + "…" : "none") + " now";
  }
  return std::nullopt;
}

void refuse_rewritten(const std::string& what) {
  throw StorageError{
      StorageError::Kind::kRewritten,
      "the history of the store was rewritten: " + what +
          ". Its owner may have changed it, or an older snapshot or backup was restored and grants were added since."
          " Start no server on it, keep a copy of the database as it is, and run dtictl verify with the witness file"
          " (docs/operations.md, Tamper evidence)"};
}

void refuse_other_store(const StoreId& known, const StoreId& stored) {
  if (known == stored) return;
  refuse_rewritten("it had the store id " + hex_text(known) + ", and has " + hex_text(stored) + " now");
}

}  // namespace dti
