#include "repository/postgresql/postgresql_lease.hpp"

#include <cstdint>
#include <string_view>

#include "repository/postgresql/postgresql_checks.hpp"
#include "repository/postgresql/postgresql_rows.hpp"
#include "repository/postgresql/postgresql_statements.hpp"
#include "repository/postgresql/pqxx_compat.hpp"

namespace dti {
namespace {

constexpr char kNoOneRow[] = "PostgreSQL: the table leadership does not hold its one row";

}  // namespace

std::optional<HeldBy> held_by_another(pqxx::transaction_base& transaction, const std::string& holder) {
  const auto rows = compat::exec_params(transaction, kReadLead, holder);
  if (rows.size() != 1) throw StorageError{StorageError::Kind::kCorrupt, kNoOneRow};
  const auto& row = rows[0];
  if (std::string_view{row[1].c_str()} != "t") return std::nullopt;
  HeldBy held{.epoch = integer(row[0]), .endpoint = row[2].c_str(), .remaining = {}};
  if (!row[3].is_null()) held.remaining = std::chrono::milliseconds{integer(row[3])};
  return held;
}

CommitResult change_lease(pqxx::transaction_base& transaction, int backend_pid, Epoch epoch,
                          std::optional<std::chrono::milliseconds> duration) {
  const auto changed =
      duration ? compat::exec_params(transaction, kRenewLease, epoch, std::int64_t{duration->count()}, backend_pid)
               : compat::exec_params(transaction, kReleaseLease, epoch, backend_pid);
  // Also after a renewal: settings and tables may change while the server has nothing to commit.
  if (duration) check_tables(transaction);
  const auto rows = transaction.exec(read_epoch());
  if (rows.size() != 1) throw StorageError{StorageError::Kind::kCorrupt, kNoOneRow};
  const auto& row = rows[0];
  check_session_facts(backend_pid, {integer(row[1]), row[2].c_str(), row[3].c_str(), row[4].c_str(), row[5].c_str()});
  if (changed.affected_rows() == 1) return CommitResult::kCommitted;
  return integer(row[0]) > epoch ? CommitResult::kReplaced : CommitResult::kBaseMoved;
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
