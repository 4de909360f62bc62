#pragma once

#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <vector>

#include "dti/repository/common/chains.hpp"
#include "dti/service/ledger/chain_heads.hpp"
#include "dti/service/ledger/registry.hpp"

namespace dti {

/// The ends of the chains of seals; none if the schema is too old to have any.
[[nodiscard]] std::optional<ChainHeads> read_chain_heads(pqxx::transaction_base& transaction);

/// As SealReader.
[[nodiscard]] RowSeal read_seal(pqxx::transaction_base& transaction, SemesterId chain, Seq seq);

/// Passes the whole registry to `sink`, in pieces.
void read_registry(pqxx::transaction_base& transaction, const RegistrySink& sink);

/// The seq of the registry's last entry.
[[nodiscard]] Seq read_registry_end(pqxx::transaction_base& transaction);

/// As LedgerFollower::read_program_changes(); none if the schema is too old.
[[nodiscard]] ProgramChanges read_program_changes(pqxx::transaction_base& transaction, Seq after);

/// As LedgerFollower::read_catalog_state(), by several statements: the caller compares the epoch afterwards.
[[nodiscard]] CatalogState read_catalog_state(pqxx::transaction_base& transaction, const std::string& command_id,
                                              const std::vector<std::string>& earlier);

/// For a standby: compares the chains with those that were read before, and notes them.
/// @throws StorageError  as refuse_rewritten()
void follow_chains(pqxx::transaction_base& transaction, Chains& chains, const History& history);

/// For a take-over: compares the chains and the registry with the store. If the store has no chains yet, begins them:
/// here if it has no entries, or else in `chains`. The leadership is locked. @return the ends of the chains afterwards
/// @throws StorageError  as LedgerWriter::take_over()
[[nodiscard]] ChainHeads check_chains(pqxx::transaction_base& transaction, Chains& chains, const Leadership& leadership,
                                      WallTime at);

/// Writes the first chains of a store: its id, the registry, and the first seals. The leadership is
/// locked. @return the ends of the chains
[[nodiscard]] ChainHeads begin_chains(pqxx::transaction_base& transaction, FirstChains first, WallTime at);

/// Adds entries to the registry, within the transaction that adds to the catalogue or opens a semester, and that has
/// locked the leadership. @return the registry's new end
[[nodiscard]] SealedHead enter(pqxx::transaction_base& transaction, std::vector<RegistryEntry> entries, WallTime at);

/// Adds sealed entries to the registry, and notes its new end. The leadership is locked.
void add_to_registry(pqxx::transaction_base& transaction, const SealedHead& end,
                     const std::vector<RegistryEntry>& entries);

/// Adds entries as they are, for a copy of a store.
void insert_registry(pqxx::transaction_base& transaction, const std::vector<RegistryEntry>& entries);
/// Sets the id of the store and the ends of its chains, for a copy of a store.
void write_chain_heads(pqxx::transaction_base& transaction, const ChainHeads& heads);

/// Adds an element to the text of a PostgreSQL array, such as `{"1"` or `{"a","\""`, which the caller closes: libpqxx
/// 6.4 takes no arrays. Each is quoted, so that NULL, commas, braces and the empty text are only text.
void add_element(std::string& array, std::string_view value);
/// The same; none is NULL.
void add_nullable(std::string& array, const std::optional<std::string>& value);

}  // namespace dti
