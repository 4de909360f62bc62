#include "repository/postgresql_session.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <exception>
#include <string_view>
#include <utility>

#include "dti/service/repository.hpp"

namespace dti {
namespace {

using Kind = StorageError::Kind;

/// Forces the settings that matter, those that this version of the server has. synchronous_commit: a role's or a
/// database's setting can switch it off without a word. The timeouts would end a commit that waits for its turn or for
/// a standby. A lower client_min_messages would be noise, a higher one hide the warning that a commit was cut short.
/// idle_in_transaction_session_timeout frees what a frozen process of ours has locked, but in the midst of a COPY: there
/// only a take-over does.
constexpr char kApplySettings[] = R"(
SELECT set_config(wanted.name, wanted.value, false)
  FROM (VALUES ('default_transaction_isolation', 'read committed'), ('default_transaction_read_only', 'off'),
               ('statement_timeout', '0'), ('lock_timeout', '0'), ('transaction_timeout', '0'),
               ('idle_session_timeout', '0'), ('idle_in_transaction_session_timeout', $1),
               ('client_min_messages', 'warning'), ('TimeZone', 'UTC'),
               ('synchronous_commit', CASE current_setting('synchronous_commit')
                                        WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END)) AS wanted (name, value)
  JOIN pg_settings USING (name))";

/// What is still not as it must be, each with its value.
constexpr char kCheckSettings[] = R"(
SELECT name, setting
  FROM pg_settings
 WHERE (name IN ('fsync', 'full_page_writes') AND setting <> 'on')
    OR (name = 'synchronous_commit' AND setting NOT IN ('on', 'remote_apply'))
    OR (name = 'default_transaction_isolation' AND setting <> 'read committed')
    OR (name = 'default_transaction_read_only' AND setting <> 'off')
    OR (name IN ('statement_timeout', 'lock_timeout', 'transaction_timeout', 'idle_session_timeout') AND setting <> '0')
    OR (name = 'client_min_messages' AND setting <> 'warning')
    OR (name IN ('server_encoding', 'client_encoding') AND setting <> 'UTF8')
 ORDER BY name)";

/// What people are told when connecting failed. libpq's own text is shown only where it tells of an attempt to reach a
/// server, which quotes hosts, users and databases; other texts quote what was given, and with it perhaps a password.
StorageError connect_error(const Conninfo& conninfo, const std::string& libpq_text) {
  const bool tells_of_an_attempt = libpq_text.find("connection to server") != std::string::npos ||
                                   libpq_text.find("could not translate host name") != std::string::npos;
  if (tells_of_an_attempt && !conninfo.is_revealed_by(libpq_text)) {
    return {Kind::kUnavailable, "PostgreSQL: " + one_line(libpq_text)};
  }
  if (!tells_of_an_attempt && libpq_text.find("invalid ") != std::string::npos) {
    return {Kind::kRefused,
            "the PostgreSQL address has a setting that libpq does not know or take; its text is not shown,"
            " since it may hold a password"};
  }
  return {Kind::kUnavailable, "PostgreSQL cannot be reached, or refused the connection"};
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string line{text.substr(0, text.find_last_not_of(" \n") + 1)};
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

PostgresqlSession::PostgresqlSession(Conninfo conninfo, std::chrono::milliseconds timeout, CallGate& gate)
    : gate_(gate) {
  connect(std::move(conninfo), timeout);
  try {
    socket_ = OwnedFd{::fcntl(PQsocket(handle()), F_DUPFD_CLOEXEC, 0)};
    if (socket_.get() < 0) {
      throw StorageError{Kind::kUnavailable, "PostgreSQL: this process has too many files open"};
    }
    gate_.attach([socket = socket_.get()] { ::shutdown(socket, SHUT_RDWR); });
    apply_settings(timeout);
    if (PQsetnonblocking(handle(), 1) != 0) {
      throw StorageError{Kind::kUnavailable, "PostgreSQL: " + one_line(PQerrorMessage(handle()))};
    }
  } catch (...) {
    gate_.detach();
    throw;
  }
}

PostgresqlSession::~PostgresqlSession() { gate_.detach(); }

void PostgresqlSession::connect(Conninfo conninfo, std::chrono::milliseconds timeout) {
  conninfo.set("application_name", "dti_server");
  conninfo.set("client_encoding", "UTF8");
  conninfo.set("target_session_attrs", "read-write");  // of several hosts, the one that may be written to
  conninfo.set("connect_timeout", std::to_string(connect_timeout(conninfo, timeout).count()));
  conninfo.set("keepalives", "1");
  conninfo.set("keepalives_idle", "5");
  conninfo.set("keepalives_interval", "2");
  conninfo.set("keepalives_count", "3");
  conninfo.set("tcp_user_timeout", std::to_string(timeout.count()));
  try {
    connection_ = std::make_unique<compat::Connection>(conninfo.text());
    compat::forbid_reconnect(connection());
    notices_ = std::make_unique<compat::Notices>(connection());
  } catch (const std::exception& error) {
    throw connect_error(conninfo, error.what());
  }
}

void PostgresqlSession::apply_settings(std::chrono::milliseconds timeout) {
  std::string wrong;
  try {
    pqxx::nontransaction transaction{connection()};
    compat::exec_params(transaction, kApplySettings, std::to_string(timeout.count()));
    for (const auto& row : transaction.exec(kCheckSettings)) {
      wrong += (wrong.empty() ? "" : ", ") + std::string{row[0].c_str()} + " = " + row[1].c_str();
    }
  } catch (const std::exception& error) {
    throw StorageError{Kind::kUnavailable, "PostgreSQL: " + one_line(error.what())};
  }
  if (!wrong.empty()) {
    throw StorageError{Kind::kRefused,
                       "PostgreSQL's settings do not keep what was committed, or its text: " + wrong +
                           "; set fsync, full_page_writes and synchronous_commit to on, the encoding to UTF8"};
  }
}

void PostgresqlSession::check_notices(std::size_t before, const char* meanwhile) const {
  if (notices_->count() != before) {
    throw StorageError{Kind::kInDoubt, std::string{"PostgreSQL: the server warned while "} + meanwhile + ": " +
                                           one_line(notices_->last())};
  }
}

}  // namespace dti
