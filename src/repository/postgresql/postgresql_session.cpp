#include "repository/postgresql/postgresql_session.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "dti/repository/postgresql/tables/postgresql_checks.hpp"
#include "repository/postgresql/postgresql_errors.hpp"

namespace dti {
namespace {

using Kind = StorageError::Kind;

PostgresqlClient client_of(const PGconn* handle, PostgresqlSession::Use use) {
  const char* const role = PQuser(handle);
  const char* const database = PQdb(handle);
  return {role == nullptr ? "" : role, database == nullptr ? "" : database, use == PostgresqlSession::Use::kReads};
}

/// Connects by libpq.
/// @param notices  receives every notice from the first message on; outlives the connection
compat::Handle connect_to_postgresql(PostgresqlSession::Use use, const Conninfo& conninfo, PostgresqlNotices& notices) {
  compat::Handle handle{PQconnectStart(conninfo.text().c_str())};
  if (handle == nullptr) throw StorageError{Kind::kUnavailable, "PostgreSQL: no memory to connect"};
  if (PQstatus(handle.get()) != CONNECTION_BAD) {
    // Begin again with a notice receiver, which needs a connection object: without one, libpq writes to stderr. PQreset()
    // waits, and applies connect_timeout to each host.
    notices.receive_from(handle.get());
    PQsetErrorVerbosity(handle.get(), PQERRORS_VERBOSE);
    PQreset(handle.get());
  }
  if (PQstatus(handle.get()) != CONNECTION_OK) {
    throw connect_error(conninfo, PQerrorMessage(handle.get()), client_of(handle.get(), use));
  }
  PQsetErrorVerbosity(handle.get(), PQERRORS_DEFAULT);
  return handle;
}

/// The file in which libpq looks for a password.
std::string password_file(const Conninfo& conninfo) {
  if (auto given = conninfo.value("passfile"); !given.empty()) return given;
  if (const char* const given = std::getenv("PGPASSFILE"); given != nullptr && *given != '\0') return given;
  const char* const home = std::getenv("HOME");
  return home == nullptr ? std::string{} : std::string{home} + "/.pgpass";
}

/// libpq does not use a password file that other users can read, and writes a warning about it to stderr, not to the
/// notice receiver. So libpq gets the name of a file that does not exist.
/// @return the warning; none if the file may be used, or if libpq needs no file
std::optional<std::string> set_aside_open_password_file(Conninfo& conninfo) {
  const std::string path = password_file(conninfo);
  struct stat about {};
  if (path.empty() || ::stat(path.c_str(), &about) != 0) return {};
  if (S_ISREG(about.st_mode) && (about.st_mode & (S_IRWXG | S_IRWXO)) == 0) return {};
  conninfo.set("passfile", path + "/not-used");
  const char* const password = std::getenv("PGPASSWORD");
  if (conninfo.has_password() || (password != nullptr && *password != '\0')) return {};  // libpq reads no file then
  return "the password file " + path + " is not used: it must be a plain file that only its owner can read (chmod 600)";
}

}  // namespace

PostgresqlSession::PostgresqlSession(Use use, Conninfo conninfo, std::chrono::seconds connect_timeout,
                                     std::chrono::milliseconds timeout, CallGate& gate, PostgresqlWarningLog& warnings)
    : use_(use), gate_(gate), notices_(warnings) {
  conninfo.set("connect_timeout", std::to_string(connect_timeout.count()));
  conninfo.set("tcp_user_timeout", std::to_string(timeout.count()));
  connect(use, std::move(conninfo), warnings);
  try {
    socket_ = Descriptor{::fcntl(PQsocket(handle()), F_DUPFD_CLOEXEC, 0)};
    if (socket_.get() < 0) {
      throw StorageError{Kind::kUnavailable, "PostgreSQL: this process has too many files open"};
    }
    gate_.attach([socket = socket_.get()] { ::shutdown(socket, SHUT_RDWR); });
    if (use == Use::kCommits) check(timeout);
    if (PQsetnonblocking(handle(), 1) != 0) {
      throw StorageError{Kind::kUnavailable, "PostgreSQL: " + one_line(PQerrorMessage(handle()))};
    }
  } catch (...) {
    gate_.detach();
    throw;
  }
}

PostgresqlSession::~PostgresqlSession() { gate_.detach(); }

void PostgresqlSession::connect(Use use, Conninfo conninfo, PostgresqlWarningLog& warnings) {
  conninfo.set("application_name", use == Use::kCommits ? "dti_server" : "dtictl");
  conninfo.set("client_encoding", "UTF8");
  // Only a host that may be written to.
  if (use == Use::kCommits) conninfo.set("target_session_attrs", "read-write");
  const auto unused_file = set_aside_open_password_file(conninfo);
  if (unused_file) warnings.add("passfile", *unused_file, std::chrono::steady_clock::now());
  conninfo.set("keepalives", "1");
  conninfo.set("keepalives_idle", "5");
  conninfo.set("keepalives_interval", "2");
  conninfo.set("keepalives_count", "3");
  auto handle = [&] {
    try {
      return connect_to_postgresql(use, conninfo, notices_);
    } catch (const StorageError& error) {
      // A reader has no log that the warning could be in.
      if (use == Use::kCommits || !unused_file) throw;
      throw StorageError{error.kind(), std::string{error.what()} + " (" + *unused_file + ")"};
    }
  }();
  try {
    connection_ = std::make_unique<compat::Connection>(std::move(handle));
    compat::forbid_reconnect(connection());
  } catch (const std::exception& error) {
    throw StorageError{Kind::kUnavailable, "PostgreSQL: " + one_line(error.what())};
  }
}

void PostgresqlSession::check(std::chrono::milliseconds timeout) {
  try {
    pqxx::nontransaction transaction{connection()};
    refuse_pooler(transaction, backend_pid());
    apply_settings(transaction, timeout);
  } catch (const StorageError&) {
    throw;
  } catch (const pqxx::sql_error& error) {
    const auto state = compat::sqlstate(error);
    const bool may_pass = state.empty() || waiting_may_mend(state);  // none: the link broke
    throw StorageError{may_pass ? Kind::kUnreachable : Kind::kUnavailable,
                       state.empty() ? broken_text(gate_, timeout, error.what()) : refusal_text(state, error.what())};
  } catch (const std::exception& error) {
    throw StorageError{Kind::kUnreachable, broken_text(gate_, timeout, error.what())};
  }
}

std::string PostgresqlSession::refusal_text(std::string_view sqlstate, std::string_view text) const {
  return "PostgreSQL: " + one_line(text) + " [" + std::string{sqlstate} + "]" +
         rights_advice(sqlstate, text, client_of(connection_->handle(), use_));
}

std::string broken_text(const CallGate& gate, std::chrono::milliseconds timeout, std::string_view text) {
  if (!gate.interrupted()) return "PostgreSQL: " + one_line(text);
  return "PostgreSQL did not answer within the store timeout (" + std::to_string(timeout.count()) +
         " ms), so the server interrupted its call and closed the connection. Check the host of the database, the "
         "network"
         " to it, its disk, and sessions that hold locks (pg_stat_activity)";
}

void PostgresqlSession::check_notices(std::size_t before, const char* meanwhile, StorageError::Kind kind) const {
  if (notices_.doubt_count() == before) return;
  throw StorageError{kind,
                     std::string{"PostgreSQL: the server warned while "} + meanwhile + ": " + notices_.last_doubt()};
}

}  // namespace dti
