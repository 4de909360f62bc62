#include "dti/repository/postgresql/tables/postgresql_leadership.hpp"

#include <cstdint>
#include <string_view>

#include "dti/repository/common/ledger_rows.hpp"
#include "dti/repository/postgresql/tables/postgresql_checks.hpp"
#include "dti/repository/postgresql/tables/postgresql_rows.hpp"
#include "dti/repository/postgresql/tables/pqxx_compat.hpp"

namespace dti {
namespace {

constexpr char kTakeLead[] = R"(
UPDATE leadership
   SET epoch = $3::bigint, holder = $1, taken_at = timestamptz 'epoch' + $2::bigint * interval '1 microsecond',
       backend_pid = pg_backend_pid(),
       backend_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()),
       lease_until = clock_timestamp() + $4::bigint * interval '1 millisecond', endpoint = nullif($5, ''))";

// The leader, and whether it keeps $1 from the lead. By to_jsonb(), because a schema of the version before has no lease:
// there the lead is held as long as the leader's session lives.
constexpr char kReadLead[] = R"(
SELECT l.epoch,
       l.holder <> $1 AND CASE WHEN l.row ? 'lease_until' THEN coalesce(l.milliseconds > 0, false)
                               ELSE EXISTS (SELECT 1 FROM pg_stat_activity a
                                             WHERE a.pid = l.backend_pid AND a.backend_start = l.backend_start) END,
       coalesce(l.row ->> 'endpoint', ''),
       ceil(l.milliseconds)::bigint
  FROM (SELECT epoch, holder, backend_pid, backend_start, to_jsonb(leadership) AS row,
               1000 * extract(epoch FROM (to_jsonb(leadership) ->> 'lease_until')::timestamptz - clock_timestamp())
                 AS milliseconds
          FROM leadership) l)";

// What a schema of the version before has no column for is NULL.
constexpr char kDescribeLead[] = R"(
SELECT epoch, holder, (1000000 * extract(epoch FROM taken_at))::bigint,
       coalesce(to_jsonb(leadership) ->> 'endpoint', ''),
       (1000000 * extract(epoch FROM (to_jsonb(leadership) ->> 'lease_until')::timestamptz))::bigint
  FROM leadership)";

constexpr char kRenewLease[] = R"(
UPDATE leadership SET lease_until = clock_timestamp() + $2::bigint * interval '1 millisecond'
 WHERE epoch = $1::bigint AND pg_backend_pid() = $3::integer)";

constexpr char kReleaseLease[] =
    "UPDATE leadership SET lease_until = NULL WHERE epoch = $1::bigint AND pg_backend_pid() = $2::integer";

constexpr char kEndLeadersSession[] = R"(
SELECT pg_terminate_backend(a.pid)
  FROM leadership l JOIN pg_stat_activity a ON a.pid = l.backend_pid AND a.backend_start = l.backend_start
 WHERE l.epoch = $1::bigint AND a.pid <> pg_backend_pid())";

/// The one row of a result that reads the leadership.
pqxx::row one_row(const pqxx::result& rows) {
  if (rows.size() == 1) return rows[0];
  throw StorageError{StorageError::Kind::kCorrupt, "PostgreSQL: the table leadership does not hold its one row"};
}

}  // namespace

std::string read_epoch_statement() { return std::string{"SELECT epoch, "} + kSessionFacts + " FROM leadership"; }

Epoch lock_epoch(pqxx::transaction_base& transaction) {
  return integer(one_row(transaction.exec("SELECT epoch FROM leadership FOR UPDATE"))[0]);
}

std::optional<HeldBy> held_by_another(pqxx::transaction_base& transaction, const std::string& holder) {
  const pqxx::row row = one_row(compat::exec_params(transaction, kReadLead, holder));
  if (std::string_view{row[1].c_str()} != "t") return std::nullopt;
  HeldBy held{.epoch = integer(row[0]), .endpoint = row[2].c_str(), .remaining = {}};
  if (!row[3].is_null()) held.remaining = std::chrono::milliseconds{integer(row[3])};
  return held;
}

StoredLead read_lead(pqxx::transaction_base& transaction) {
  const pqxx::row row = one_row(transaction.exec(kDescribeLead));
  const auto time = [&](int column) {
    return row[column].is_null() ? std::nullopt : std::optional{integer(row[column])};
  };
  return {.epoch = integer(row[0]),
          .holder = row[1].c_str(),
          .taken_at = time(2),
          .is_held = held_by_another(transaction, "").has_value(),
          .endpoint = row[3].c_str(),
          .lease_until = time(4)};
}

void take_lead(pqxx::transaction_base& transaction, Epoch epoch, const std::string& holder, WallTime at,
               const Lease& lease) {
  compat::exec_params(transaction, kTakeLead, holder, stored_time(at), epoch, std::int64_t{lease.duration.count()},
                      lease.endpoint);
}

void end_leaders_session(pqxx::transaction_base& transaction) {
  const pqxx::row row = one_row(transaction.exec("SELECT epoch FROM leadership"));
  compat::exec_params(transaction, kEndLeadersSession, integer(row[0]));
}

CommitResult change_lease(pqxx::transaction_base& transaction, int backend_pid, Epoch epoch,
                          std::optional<std::chrono::milliseconds> duration) {
  const auto changed =
      duration ? compat::exec_params(transaction, kRenewLease, epoch, std::int64_t{duration->count()}, backend_pid)
               : compat::exec_params(transaction, kReleaseLease, epoch, backend_pid);
  // Also after a renewal: settings and tables may change while the server has nothing to commit.
  if (duration) check_tables(transaction);
  const pqxx::row row = one_row(transaction.exec(read_epoch_statement()));
  check_session_facts(backend_pid, {integer(row[1]), row[2].c_str(), row[3].c_str(), row[4].c_str(), row[5].c_str()});
  if (changed.affected_rows() == 1) return CommitResult::kCommitted;
  return integer(row[0]) > epoch ? CommitResult::kReplaced : CommitResult::kBaseMoved;
}

void check_session(pqxx::transaction_base& transaction, int backend_pid) {
  const pqxx::row row = one_row(transaction.exec(read_epoch_statement()));
  check_session_facts(backend_pid, {integer(row[1]), row[2].c_str(), row[3].c_str(), row[4].c_str(), row[5].c_str()});
}

History read_history(pqxx::transaction_base& transaction) {
  // The name of a file of the write-ahead log begins with the timeline. A dump that is restored makes the table again.
  return transaction
      .exec(
          "SELECT system_identifier || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) || '/' || "
          "'ledger'::regclass::oid FROM pg_control_system()")[0][0]
      .c_str();
}

StoreWatch read_watch(pqxx::transaction_base& transaction, const std::string& holder) {
  StoreWatch seen;
  if (is_empty(transaction)) return seen;
  seen.held = held_by_another(transaction, holder);
  for (const auto& row : transaction.exec("SELECT id, name, head FROM semester WHERE is_open ORDER BY id")) {
    seen.heads.push_back({integer(row[0]), row[1].c_str(), integer(row[2])});
  }
  return seen;
}

}  // namespace dti
