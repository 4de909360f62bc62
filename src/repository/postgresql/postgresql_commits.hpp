#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "dti/service/ledger/repository.hpp"
#include "repository/postgresql/postgresql_statement.hpp"

namespace dti {

class PostgresqlSession;

/// Prepares the statements of commits and guards. The schema must exist.
void prepare_commits(PostgresqlSession& session);

/// A batch that is being committed: its statement, and the read that finds out why it wrote nothing.
/// @throws StorageError, pqxx::sql_error (the server refused it, and the session lives on), pqxx::broken_connection
class PostgresqlCommit {
 public:
  /// Sends the batch, if the catalogue has all of its programs.
  /// @param seal  none: the chain of seals does not end where the batch begins, and only the reason is read
  /// @param program_count  of the stored catalogue, whose programs are numbered without gaps: instead of a foreign key
  PostgresqlCommit(PostgresqlSession& session, std::shared_ptr<const Batch> batch, const std::optional<Seal>& seal,
                   std::size_t program_count);

  /// @return none: it waits
  [[nodiscard]] std::optional<CommitResult> advance();
  [[nodiscard]] bool has_more_to_send() const { return statement_.has_more_to_send(); }
  /// Tells whether the batch may still take effect if the link breaks now.
  [[nodiscard]] bool may_take_effect() const { return step_ != Step::kWhoLeads; }

 private:
  enum class Step {
    kBatch,     // the statement of the batch is in progress
    kWhoLeads,  // it wrote nothing; a read finds out why
  };

  void ask_who_leads();
  void send_few();
  void send_many();
  void send_copy();
  [[nodiscard]] StatementParameters guard_parameters() const;
  [[nodiscard]] std::optional<CommitResult> batch_done();
  [[nodiscard]] CommitResult why_not() const;

  const PostgresqlSession& session_;
  const std::shared_ptr<const Batch> batch_;
  const Seal seal_;
  const std::size_t notices_before_;
  PostgresqlStatement statement_;
  Step step_ = Step::kBatch;
};

/// A guard that is being read.
/// @throws pqxx::sql_error, pqxx::broken_connection
class PostgresqlGuard {
 public:
  PostgresqlGuard(PostgresqlSession& session, Epoch epoch, std::vector<SemesterGuard> semesters);

  /// @return none: it waits
  [[nodiscard]] std::optional<CommitResult> advance();
  [[nodiscard]] bool has_more_to_send() const { return statement_.has_more_to_send(); }

 private:
  [[nodiscard]] CommitResult judge() const;

  const int backend_pid_;
  const Epoch epoch_;
  const std::vector<SemesterGuard> semesters_;
  PostgresqlStatement statement_;
};

}  // namespace dti
