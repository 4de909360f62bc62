#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <string_view>

#include "dti/repository/postgresql/tables/pqxx_compat.hpp"

namespace dti {

// Checks of the session, its settings and the tables, on which the durability of a commit depends.
// Source: docs/adr/0010-postgresql-sessions.md, and "Durability requirements" in docs/operations.md

/// A condition that is true only in the session with this backend process, and only with settings that keep committed
/// data. It is part of the WHERE of every batch: in another session, or with weaker settings, a batch writes nothing.
[[nodiscard]] std::string sound_session(int backend_pid);

/// The columns that describe the session that answers; check_session_facts() judges them.
inline constexpr char kSessionFacts[] =
    "pg_backend_pid(), pg_is_in_recovery(), current_setting('synchronous_commit'), current_setting('fsync'),"
    " current_setting('full_page_writes')";
inline constexpr int kSessionFactCount = 5;

struct SessionFacts {
  std::int64_t backend_pid = 0;
  std::string_view in_recovery;
  std::string_view synchronous_commit;
  std::string_view fsync;
  std::string_view full_page_writes;
};

/// @throws StorageError  kRefused: another session answered, or its settings can lose committed data
void check_session_facts(int backend_pid, const SessionFacts& facts);

/// Refuses a connection pooler: the backend process that was announced to libpq must be the one that answers.
/// @throws StorageError  kRefused
void refuse_pooler(pqxx::transaction_base& transaction, int backend_pid);

/// Sets the session's settings on which commits depend, and reads back every setting that matters.
/// @param idle_in_transaction  the time after which PostgreSQL ends the session if it is idle in a transaction
/// @throws StorageError  kRefused: a setting could not be set, or PostgreSQL's own settings can lose committed data
void apply_settings(pqxx::transaction_base& transaction, std::chrono::milliseconds idle_in_transaction);

/// Sets the settings that matter for reading, for this transaction only: a pooler may run the next one elsewhere.
void apply_reading_settings(pqxx::transaction_base& transaction, std::chrono::milliseconds lock_timeout);

/// Refuses tables that can lose committed data, or that logical replication fills. The schema must exist.
/// @throws StorageError  kRefused
void check_tables(pqxx::transaction_base& transaction);

/// For a database in which search_path finds no ledger: refuses the database if another schema has one.
/// @throws StorageError  kRefused
void refuse_ledger_out_of_sight(pqxx::transaction_base& transaction);

}  // namespace dti
