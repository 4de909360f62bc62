#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <string_view>

#include "repository/pqxx_compat.hpp"

namespace dti {

// What the durability of a commit rests on beside the ledger itself: on whose session it runs, and on which settings.
// Source: docs/adr/0010-postgresql-sessions.md, and "What durability rests on" in docs/operations.md

/// Holds in the session with that process of the server, as long as its settings keep what is committed. Stands in the
/// WHERE of what a batch writes: in another session, or with weaker settings, it writes nothing.
[[nodiscard]] std::string sound_session(int backend_pid);

/// The columns that tell about the session that answers; check_session_facts() reads them.
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

/// @throws StorageError  kRefused: another session answered, or its settings do not keep what is committed
void check_session_facts(int backend_pid, const SessionFacts& facts);

/// Refuses a connection pooler: the server's process that libpq was told of must be the one that carries statements out.
/// @throws StorageError  kRefused
void refuse_pooler(pqxx::transaction_base& transaction, int backend_pid);

/// Sets the settings of the session on which commits rest, and reads back all that matter.
/// @param idle_in_transaction  after so long PostgreSQL ends a session of ours that froze in a transaction
/// @throws StorageError  kRefused: one cannot be set, or the server's own settings lose what is committed
void apply_settings(pqxx::transaction_base& transaction, std::chrono::milliseconds idle_in_transaction);

/// Sets what matters to one who only reads, for this transaction: behind a pooler it alone is sure to be one session's.
void apply_reading_settings(pqxx::transaction_base& transaction, std::chrono::milliseconds lock_timeout);

/// Refuses tables that do not keep what is committed, or that somebody beside the server writes to. The schema is there.
/// @throws StorageError  kRefused
void check_tables(pqxx::transaction_base& transaction);

/// For a database in which search_path finds no ledger: refuses one that holds it in another schema.
/// @throws StorageError  kRefused
void refuse_ledger_out_of_sight(pqxx::transaction_base& transaction);

}  // namespace dti
