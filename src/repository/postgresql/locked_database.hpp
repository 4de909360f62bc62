#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "dti/base/log.hpp"
#include "dti/repository/common/ledger_rows.hpp"
#include "dti/repository/postgresql/conninfo.hpp"
#include "dti/repository/postgresql/tables/postgresql_checks.hpp"
#include "dti/repository/postgresql/tables/postgresql_leadership.hpp"
#include "dti/repository/postgresql/tables/pqxx_compat.hpp"
#include "dti/service/ledger/store_copy.hpp"
#include "repository/postgresql/postgresql_errors.hpp"
#include "repository/postgresql/postgresql_session.hpp"

namespace dti {

/// A session in one transaction, which locks the lead so that no server can take it.
class LockedDatabase {
 public:
  LockedDatabase(const Conninfo& conninfo, std::chrono::milliseconds timeout, CopyWarningSink warn)
      : warnings_([warn = std::move(warn)](const LogEvent& event) { warn(event.message); }),
        session_(PostgresqlSession::Use::kCommits, conninfo, connect_timeout(conninfo, timeout), timeout, gate_,
                 warnings_) {
    perform([&] {
      transaction_ = std::make_unique<pqxx::work>(session_.connection());
      refuse_pooler(*transaction_, session_.backend_pid());
      transaction_->exec("SET LOCAL lock_timeout = " + std::to_string(timeout.count()));
      // It waits for the other store, which may be slow.
      transaction_->exec("SET LOCAL idle_in_transaction_session_timeout = 0");
      transaction_->exec("SET LOCAL application_name = 'dtictl'");
    });
  }

  [[nodiscard]] pqxx::work& transaction() { return *transaction_; }
  [[nodiscard]] PostgresqlSession& session() { return session_; }

  /// Locks the lead until the end of the transaction. @return its epoch
  Epoch lock_lead() {
    refuse_leader();  // before the wait for a lock, which a leader that hangs may hold
    const Epoch epoch = lock_epoch(*transaction_);
    refuse_leader();
    return epoch;
  }

  template <class Call>
  auto perform(Call call) -> decltype(call()) {
    try {
      return call();
    } catch (const StorageError&) {
      throw;
    } catch (const pqxx::sql_error& error) {
      const std::string state = compat::sqlstate(error);
      constexpr std::string_view kLockNotAvailable = "55P03";
      if (state == kLockNotAvailable) {
        throw StorageError{StorageError::Kind::kUnavailable,
                           "PostgreSQL: another session holds a lock for too long (look in pg_stat_activity)"};
      }
      throw StorageError{state.starts_with("23") ? StorageError::Kind::kInvariant : StorageError::Kind::kUnavailable,
                         session_.refusal_text(state, error.what())};
    } catch (const std::exception& error) {
      throw StorageError{StorageError::Kind::kUnavailable, "PostgreSQL: " + one_line(error.what())};
    }
  }

 private:
  void refuse_leader() {
    const auto held = held_by_another(*transaction_, std::string{kCopyHolder});
    if (!held) return;
    throw StorageError{StorageError::Kind::kRefused,
                       "a server leads the PostgreSQL database" +
                           (held->endpoint.empty() ? std::string{} : " (" + held->endpoint + ")") +
                           ": stop all its servers first. After a crash of the last one, wait until "
                           "its lease has run out"};
  }

  CallGate gate_;
  PostgresqlWarningLog warnings_;
  PostgresqlSession session_;
  std::unique_ptr<pqxx::work> transaction_;  // goes before the session does
};

}  // namespace dti
