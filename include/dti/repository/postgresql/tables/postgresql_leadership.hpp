#pragma once

#include <chrono>
#include <optional>
#include <pqxx/pqxx>
#include <string>

#include "dti/service/ledger/ledger_snapshot.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

// The one row of the table leadership: which server leads, and for how long. Every function here reads or writes it in
// the caller's transaction.
// Source: docs/adr/0004-take-over.md, docs/adr/0015-leases.md

/// The statement that reads the epoch, followed by kSessionFacts.
[[nodiscard]] std::string read_epoch_statement();

/// Locks the row until the end of the transaction, and returns its epoch.
/// @throws StorageError  kCorrupt
[[nodiscard]] Epoch lock_epoch(pqxx::transaction_base& transaction);

/// Which other server keeps the server with this holder's text from the lead, by the database's clock; none: it may take
/// the lead. Also reads a schema of the version before this one.
/// @throws StorageError  kCorrupt
[[nodiscard]] std::optional<HeldBy> held_by_another(pqxx::transaction_base& transaction, const std::string& holder);

/// The whole row, for people. Also reads a schema of the version before this one.
/// @throws StorageError  kCorrupt
[[nodiscard]] StoredLead read_lead(pqxx::transaction_base& transaction);

/// Makes this server and this session the leader. The row must be locked.
void take_lead(pqxx::transaction_base& transaction, Epoch epoch, const std::string& holder, WallTime at,
               const Lease& lease);

/// Ends the session of the leader that the row names, unless it is this one.
/// @throws StorageError  kCorrupt
void end_leaders_session(pqxx::transaction_base& transaction);

/// Extends the lease to so long from now on, or gives it up.
/// @param backend_pid  of the session
/// @throws StorageError  kRefused: another session answered, or settings or tables can now lose committed data
[[nodiscard]] CommitResult change_lease(pqxx::transaction_base& transaction, int backend_pid, Epoch epoch,
                                        std::optional<std::chrono::milliseconds> duration);

/// @throws StorageError  as check_session_facts()
void check_session(pqxx::transaction_base& transaction, int backend_pid);

/// The database's system identifier and timeline, and the number of the table ledger. A promotion begins a new timeline; a
/// dump that is restored makes the table again.
[[nodiscard]] History read_history(pqxx::transaction_base& transaction);

/// The leader, and the heads of the open semesters. A database without a schema has neither.
[[nodiscard]] StoreWatch read_watch(pqxx::transaction_base& transaction, const std::string& holder);

}  // namespace dti
