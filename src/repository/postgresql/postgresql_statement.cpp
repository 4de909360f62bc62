#include "repository/postgresql/postgresql_statement.hpp"

#include <cstdlib>
#include <pqxx/pqxx>
#include <utility>

#include "dti/base/narrow.hpp"

namespace dti {

void PostgresqlStatement::start_prepared(const char* name, const StatementParameters& parameters) {
  std::vector<const char*> values;
  std::vector<int> lengths;
  for (const auto& value : parameters.values_) {
    values.push_back(value ? value->data() : nullptr);
    lengths.push_back(value ? narrow(static_cast<std::int64_t>(value->size())) : 0);
  }
  constexpr int kBinary = 1;
  constexpr int kTextResults = 0;
  const std::vector<int> formats(values.size(), kBinary);
  copy_.reset();
  begin(PQsendQueryPrepared(connection_, name, narrow(static_cast<std::int64_t>(values.size())), values.data(),
                            lengths.data(), formats.data(), kTextResults));
}

void PostgresqlStatement::start(const char* sql) {
  copy_.reset();
  begin(PQsendQuery(connection_, sql));
}

void PostgresqlStatement::start_guarded_copy(const char* sql, LedgerCopy copy) {
  copy_.emplace(std::move(copy));
  begin(PQsendQuery(connection_, sql));
}

void PostgresqlStatement::begin(int sent) {
  result_.reset();
  error_.reset();
  is_copying_ = false;
  gave_up_ = false;
  if (sent != 1) throw_broken();
  flush();
}

void PostgresqlStatement::flush() {
  const int unsent = PQflush(connection_);
  if (unsent < 0) throw_broken();
  has_more_to_send_ = unsent > 0;
}

bool PostgresqlStatement::advance() {
  flush();
  if (PQconsumeInput(connection_) != 1) throw_broken();
  feed_copy();
  while (!is_copying_ && PQisBusy(connection_) == 0) {
    PostgresqlResult next{PQgetResult(connection_)};
    if (next == nullptr) {
      if (PQstatus(connection_) != CONNECTION_OK) throw_broken();
      return true;
    }
    const auto status = PQresultStatus(next.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
      result_ = std::move(next);
    } else if (status == PGRES_COPY_IN) {
      begin_copy();
    } else {
      const char* const sqlstate = PQresultErrorField(next.get(), PG_DIAG_SQLSTATE);
      error_ = StatementError{sqlstate == nullptr ? "" : sqlstate, PQresultErrorMessage(next.get())};
    }
  }
  return false;
}

void PostgresqlStatement::begin_copy() {
  if (row_count() > 0) {
    is_copying_ = true;
    return feed_copy();
  }
  gave_up_ = true;
  if (PQputCopyEnd(connection_, "the guard matched nothing") != 1) throw_broken();
  flush();
}

/// Makes only as much as the connection accepts. The rest follows when that is sent.
void PostgresqlStatement::feed_copy() {
  std::string piece;
  while (is_copying_ && !has_more_to_send_) {
    if (copy_->next(piece)) {
      if (PQputCopyData(connection_, piece.data(), narrow(static_cast<std::int64_t>(piece.size()))) != 1)
        throw_broken();
    } else {
      if (PQputCopyEnd(connection_, nullptr) != 1) throw_broken();
      is_copying_ = false;
    }
    flush();
  }
}

std::size_t PostgresqlStatement::row_count() const {
  return static_cast<std::size_t>(std::strtoull(PQcmdTuples(result_.get()), nullptr, 10));
}

void PostgresqlStatement::throw_broken() const { throw pqxx::broken_connection{PQerrorMessage(connection_)}; }

}  // namespace dti
