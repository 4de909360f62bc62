#include "dti/repository/postgresql/tables/postgresql_checks.hpp"

#include <string>
#include <string_view>

#include "dti/repository/postgresql/tables/postgresql_rows.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {
namespace {

[[noreturn]] void refuse(const std::string& text) {
  throw StorageError{StorageError::Kind::kRefused, "PostgreSQL: " + text};
}

/// Sets every setting that matters and that this version of PostgreSQL has. synchronous_commit: a role or a database can
/// have it off. The timeouts would end a commit that waits for a lock or for a standby. A lower client_min_messages would
/// be noise, a higher one would hide the warning that a commit was cut short. With row_security off, a policy that would
/// hide rows from this role raises an error. idle_in_transaction_session_timeout releases the locks of a server process
/// that froze in a transaction, except during a COPY: there only a take-over does.
constexpr char kApplySettings[] = R"(
SELECT set_config(wanted.name, wanted.value, false)
  FROM (VALUES ('default_transaction_isolation', 'read committed'), ('default_transaction_read_only', 'off'),
               ('statement_timeout', '0'), ('lock_timeout', '0'), ('transaction_timeout', '0'),
               ('idle_session_timeout', '0'), ('idle_in_transaction_session_timeout', $1),
               ('client_min_messages', 'warning'), ('row_security', 'off'), ('TimeZone', 'UTC'),
               ('synchronous_commit', CASE current_setting('synchronous_commit')
                                        WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END)) AS wanted (name, value)
  JOIN pg_settings USING (name))";

constexpr char kApplyReadingSettings[] = R"(
SELECT set_config(wanted.name, wanted.value, true)
  FROM (VALUES ('statement_timeout', '0'), ('transaction_timeout', '0'), ('idle_in_transaction_session_timeout', '0'),
               ('lock_timeout', $1), ('row_security', 'off'), ('TimeZone', 'UTC')) AS wanted (name, value)
  JOIN pg_settings USING (name))";

/// The settings that have another value than required. After a failed fsync, data_sync_retry continues although data may
/// be lost; zero_damaged_pages and ignore_checksum_failure accept damaged pages; with another session_replication_role no
/// trigger protects the ledger.
constexpr char kCheckSettings[] = R"(
SELECT name, setting, must
  FROM pg_settings
  JOIN (VALUES ('fsync', 'on'), ('full_page_writes', 'on'), ('data_sync_retry', 'off'), ('zero_damaged_pages', 'off'),
               ('ignore_checksum_failure', 'off'), ('session_replication_role', 'origin'),
               ('synchronous_commit', 'on'), ('default_transaction_isolation', 'read committed'),
               ('default_transaction_read_only', 'off'), ('statement_timeout', '0'), ('lock_timeout', '0'),
               ('transaction_timeout', '0'), ('idle_session_timeout', '0'), ('client_min_messages', 'warning'),
               ('row_security', 'off'), ('server_encoding', 'UTF8'), ('client_encoding', 'UTF8')) AS wanted (name, must)
       USING (name)
 WHERE setting <> must AND NOT (name = 'synchronous_commit' AND setting = 'remote_apply')
 ORDER BY name)";

/// The tables of the schema that must not be used, each with a reason.
constexpr char kCheckTables[] = R"(
SELECT name, CASE WHEN c.relkind <> 'r' THEN 'is not an ordinary table'
                  WHEN c.relpersistence <> 'p' THEN 'is ' || CASE c.relpersistence WHEN 'u' THEN 'unlogged' ELSE
                    'temporary' END || ': a crash of PostgreSQL would empty it (ALTER TABLE ' || name || ' SET LOGGED)'
                  ELSE 'is filled by logical replication from another database (DROP SUBSCRIPTION)' END
  FROM unnest(ARRAY['schema_version', 'leadership', 'faculty', 'program', 'semester', 'ledger', 'ledger_note',
                    'registry']) AS name
  JOIN pg_class c ON c.oid = to_regclass(name)
 WHERE c.relkind <> 'r' OR c.relpersistence <> 'p'
    OR EXISTS (SELECT 1 FROM pg_subscription_rel s WHERE s.srrelid = c.oid)
 ORDER BY name)";

constexpr char kFindLedgers[] = R"(
SELECT n.nspname, current_setting('search_path'),
       has_schema_privilege(n.oid, 'USAGE'), quote_ident(n.nspname), quote_ident(current_user)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relname IN ('schema_version', 'leadership', 'semester', 'ledger') AND c.relkind IN ('r', 'p', 'f', 'v')
 GROUP BY n.oid, n.nspname HAVING count(*) = 4
 ORDER BY n.nspname)";

}  // namespace

std::string sound_session(int backend_pid) {
  return "pg_backend_pid() = " + std::to_string(backend_pid) +
         " AND current_setting('synchronous_commit') IN ('on', 'remote_apply') AND current_setting('fsync') = 'on'"
         " AND current_setting('full_page_writes') = 'on'";
}

void check_session_facts(int backend_pid, const SessionFacts& facts) {
  if (facts.backend_pid != backend_pid || facts.in_recovery == "t") {
    refuse(std::string{facts.in_recovery == "t" ? "a replica" : "another session"} + " answered (backend process " +
           std::to_string(facts.backend_pid) + ", expected " + std::to_string(backend_pid) +
           "): there is a connection pooler or a load balancer in between. Connect to PostgreSQL directly");
  }
  const bool waits = facts.synchronous_commit == "on" || facts.synchronous_commit == "remote_apply";
  if (waits && facts.fsync == "on" && facts.full_page_writes == "on") return;
  refuse("its settings were changed and can now lose committed data: synchronous_commit = " +
         std::string{facts.synchronous_commit} + ", fsync = " + std::string{facts.fsync} +
         ", full_page_writes = " + std::string{facts.full_page_writes} + "; set all three to on");
}

void refuse_pooler(pqxx::transaction_base& transaction, int backend_pid) {
  const auto answered = integer(transaction.exec("SELECT pg_backend_pid()")[0][0]);
  if (answered == backend_pid) return;
  refuse("there is a connection pooler (such as PgBouncer) in between: the connection announced backend process " +
         std::to_string(backend_pid) + ", but process " + std::to_string(answered) +
         " answers. Connect to PostgreSQL directly. Through a pooler, in any pool mode, a commit may run in a session"
         " with other settings, and answered grants may be lost");
}

void apply_settings(pqxx::transaction_base& transaction, std::chrono::milliseconds idle_in_transaction) {
  transaction.exec("SET statement_timeout = 0");  // first: that of the role may be too short for the next statements
  compat::exec_params(transaction, kApplySettings, std::to_string(idle_in_transaction.count()));
  std::string wrong;
  for (const auto& row : transaction.exec(kCheckSettings)) {
    wrong += (wrong.empty() ? "" : ", ") + std::string{row[0].c_str()} + " = " + row[1].c_str() + " (must be " +
             row[2].c_str() + ")";
  }
  if (!wrong.empty()) refuse("its settings can lose committed data or damage text: " + wrong);
}

void apply_reading_settings(pqxx::transaction_base& transaction, std::chrono::milliseconds lock_timeout) {
  // First: the timeout of the role may be too short for the next statements.
  transaction.exec("SET LOCAL statement_timeout = 0");
  compat::exec_params(transaction, kApplyReadingSettings, std::to_string(lock_timeout.count()));
}

void check_tables(pqxx::transaction_base& transaction) {
  for (const auto& row : transaction.exec(kCheckTables)) {
    refuse("the table " + std::string{row[0].c_str()} + " " + row[1].c_str());
  }
}

void refuse_ledger_out_of_sight(pqxx::transaction_base& transaction) {
  const auto found = transaction.exec(kFindLedgers);
  if (found.empty()) return;
  if (std::string_view{found[0][2].c_str()} != "t") {
    refuse("the schema \"" + std::string{found[0][0].c_str()} +
           "\" of this database holds a ledger, but the role may not use that schema. As its owner, or as a superuser, "
           "run: "
           "GRANT USAGE ON SCHEMA " +
           found[0][3].c_str() + " TO " + found[0][4].c_str() + ";");
  }
  refuse("the schema \"" + std::string{found[0][0].c_str()} + "\" of this database holds a ledger, but search_path (" +
         found[0][1].c_str() +
         ") does not include it. Set search_path for the role, or use another database for a second ledger");
}

}  // namespace dti
