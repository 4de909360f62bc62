#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "dti/base/log.hpp"
#include "dti/base/log_limit.hpp"
#include "dti/base/time.hpp"

struct pg_conn;    // libpq's PGconn
struct pg_result;  // and PGresult

namespace dti {

/// A message that PostgreSQL sends beside its answers.
struct PostgresqlNotice {
  std::string severity;  // WARNING, NOTICE, INFO … in English; empty if the other side does not say
  std::string sqlstate;
  std::string text;
  std::string source_file;  // of the server's code, such as syncrep.c; empty if the other side does not say
  std::string source_line;
};

[[nodiscard]] PostgresqlNotice read_notice(const pg_result* result);

/// Whether the notice may mean that the commit during which it came is less durable than the settings demand. PostgreSQL
/// reports a cancelled wait for a synchronous standby only by a warning: the COMMIT itself succeeds.
[[nodiscard]] bool casts_doubt_on_a_commit(const PostgresqlNotice& notice);

/// Logs PostgreSQL's warnings, and why it ends an idle session, as events: each kind at most once a minute: some come with every transaction.
/// Thread: one at a time.
class PostgresqlWarningLog {
 public:
  /// @param log  none: nothing is logged
  explicit PostgresqlWarningLog(LogSink log) : log_(std::move(log)) {}
  void add(const PostgresqlNotice& notice, SteadyTime now);
  /// @param kind  those of one kind share the minute
  void add(std::string kind, const std::string& text, SteadyTime now);

 private:
  const LogSink log_;
  std::map<std::string, LogLimit> limits_;  // by the place in the server's code: texts may hold numbers that change
};

/// Receives all notices of one connection, so that libpq does not write them to stderr.
class PostgresqlNotices {
 public:
  /// @param warnings  outlives this
  explicit PostgresqlNotices(PostgresqlWarningLog& warnings) : warnings_(warnings) {}
  PostgresqlNotices(const PostgresqlNotices&) = delete;
  PostgresqlNotices& operator=(const PostgresqlNotices&) = delete;

  /// @param connection  goes before this object does
  void receive_from(pg_conn* connection);
  /// The number of notices so far that cast doubt on a commit.
  [[nodiscard]] std::size_t doubt_count() const { return doubt_count_; }
  /// The text of the last one of them.
  [[nodiscard]] const std::string& last_doubt() const { return last_doubt_; }

 private:
  void add(const pg_result* result) noexcept;

  PostgresqlWarningLog& warnings_;
  std::size_t doubt_count_ = 0;
  std::string last_doubt_;
};

}  // namespace dti
