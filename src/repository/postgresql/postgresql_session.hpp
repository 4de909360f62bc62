#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "dti/base/descriptor.hpp"
#include "dti/repository/common/call_gate.hpp"
#include "dti/repository/postgresql/conninfo.hpp"
#include "dti/repository/postgresql/tables/pqxx_compat.hpp"
#include "dti/service/ledger/repository.hpp"
#include "repository/postgresql/postgresql_notices.hpp"

namespace dti {

/// One session with PostgreSQL. Never reconnects.
class PostgresqlSession {
 public:
  enum class Use {
    kCommits,  // needs a direct connection to a writable server, and the settings on which commits depend
    kReads,    // takes any server, also a standby, and a pooler
  };

  /// Connects. While this lives, an interrupt at the gate cuts the connection.
  /// @param conninfo  with one host or several; libpq tries them in turn
  /// @param connect_timeout  bounds connecting to each host
  /// @param timeout   bounds the silence of a peer that is gone
  /// @param warnings  logs PostgreSQL's warnings; outlives this
  /// @throws StorageError  kUnreachable, kUnavailable, or kRefused for a pooler or settings that can lose committed
  ///                       data; the text never contains a password
  PostgresqlSession(Use use, Conninfo conninfo, std::chrono::seconds connect_timeout, std::chrono::milliseconds timeout,
                    CallGate& gate, PostgresqlWarningLog& warnings);
  ~PostgresqlSession();
  PostgresqlSession(const PostgresqlSession&) = delete;
  PostgresqlSession& operator=(const PostgresqlSession&) = delete;

  [[nodiscard]] auto& connection() { return connection_->get(); }
  /// The same connection, for libpq. It is non-blocking: a call does not wait until its data is sent.
  [[nodiscard]] PGconn* handle() const { return connection_->handle(); }
  /// A duplicate of the connection's socket, for polling. Its number stays the same, and an interrupt is visible on it.
  [[nodiscard]] int descriptor() const { return socket_.get(); }
  /// The backend process that PostgreSQL announced for this session.
  [[nodiscard]] int backend_pid() const { return PQbackendPID(handle()); }
  /// The notices that PostgreSQL has sent so far.
  [[nodiscard]] const PostgresqlNotices& notices() const { return notices_; }
  /// Puts a commit in doubt if a notice came that casts_doubt_on_a_commit().
  /// @param before  notices().doubt_count() when the commit began
  /// @throws StorageError  of that kind
  void check_notices(std::size_t before, const char* meanwhile,
                     StorageError::Kind kind = StorageError::Kind::kInDoubt) const;
  /// An error that PostgreSQL gave, for people: with its SQLSTATE, and with the statement that gives a missing right.
  [[nodiscard]] std::string refusal_text(std::string_view sqlstate, std::string_view text) const;

 private:
  void connect(Use use, Conninfo conninfo, PostgresqlWarningLog& warnings);
  void check(std::chrono::milliseconds timeout);

  const Use use_;
  CallGate& gate_;
  PostgresqlNotices notices_;  // the connection gives its notices to it, to its end
  std::unique_ptr<compat::Connection> connection_;
  // A duplicate of the connection's socket. libpq may close its own at any time, and the system may then give that
  // number to another file.
  Descriptor socket_;
};

/// Why a call ended without an answer of PostgreSQL, for people. After an interrupt, the driver's text blames
/// PostgreSQL for a connection that the server itself has cut, and is not shown.
/// @param timeout  after which the server interrupts a call
/// @param text     the driver's
[[nodiscard]] std::string broken_text(const CallGate& gate, std::chrono::milliseconds timeout, std::string_view text);

}  // namespace dti
