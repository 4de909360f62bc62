#pragma once

#include <optional>
#include <vector>

#include "dti/repository/common/chains.hpp"
#include "dti/service/ledger/chain_heads.hpp"
#include "dti/service/ledger/registry.hpp"
#include "repository/sqlite/sqlite_handle.hpp"

namespace dti {

/// The ends of the chains of seals; none if the schema is too old to have any.
[[nodiscard]] std::optional<ChainHeads> read_chain_heads(SqliteConnection& connection);

/// As SealReader.
[[nodiscard]] RowSeal read_seal(SqliteConnection& connection, SemesterId chain, Seq seq);

/// Passes the whole registry to `sink`, in pieces.
void read_registry(SqliteConnection& connection, const RegistrySink& sink);

/// The seq of the registry's last entry.
[[nodiscard]] Seq read_registry_end(SqliteConnection& connection);

/// As LedgerFollower::read_program_changes(); none if the schema is too old.
[[nodiscard]] ProgramChanges read_program_changes(SqliteConnection& connection, Seq after);

/// As LedgerFollower::read_catalog_state().
[[nodiscard]] CatalogState read_catalog_state(SqliteConnection& connection, const std::string& command_id,
                                              const std::vector<std::string>& earlier);

/// For a take-over: compares the chains and the registry with the store. If the store has no chains yet, begins them:
/// here if it has no entries, or else in `chains`. @return the ends of the chains afterwards
/// @throws StorageError  as LedgerWriter::take_over()
[[nodiscard]] ChainHeads check_chains(SqliteConnection& connection, Chains& chains, const Leadership& leadership,
                                      WallTime at);

/// Writes the first chains of a store: its id, the registry, and the first seals.
/// @return the ends of the chains
[[nodiscard]] ChainHeads begin_chains(SqliteConnection& connection, FirstChains first, WallTime at);

/// Adds entries to the registry, within the transaction that adds to the catalogue or opens a semester.
/// @return the registry's new end
[[nodiscard]] SealedHead enter(SqliteConnection& connection, std::vector<RegistryEntry> entries, WallTime at);

/// Adds sealed entries to the registry, and notes its new end.
void add_to_registry(SqliteConnection& connection, const SealedHead& end, const std::vector<RegistryEntry>& entries);

/// Adds entries as they are, for a copy of a store.
void insert_registry(SqliteConnection& connection, const std::vector<RegistryEntry>& entries);
/// Sets the id of the store and the ends of its chains, for a copy of a store.
void write_chain_heads(SqliteConnection& connection, const ChainHeads& heads);

}  // namespace dti
