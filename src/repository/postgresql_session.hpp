#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "repository/call_gate.hpp"
#include "repository/conninfo.hpp"
#include "repository/owned_fd.hpp"
#include "repository/postgresql_notices.hpp"
#include "repository/pqxx_compat.hpp"

namespace dti {

/// One session with PostgreSQL. Never reconnects.
class PostgresqlSession {
 public:
  enum class Use {
    kCommits,  // directly with a server that may be written to, with the settings on which commits rest
    kReads,    // with any server, also a standby or through a pooler
  };

  /// Connects. While this lives, an interrupt at the gate cuts the connection.
  /// @param timeout   bounds connecting (see connect_timeout()), and the silence of a peer that is gone
  /// @param warnings  of the server, for the log; outlives this
  /// @throws StorageError  kUnreachable, kUnavailable, or kRefused for a pooler or a server whose settings lose what was
  ///                       committed; the text never holds a password
  PostgresqlSession(Use use, Conninfo conninfo, std::chrono::milliseconds timeout, CallGate& gate,
                    PostgresqlWarningLog& warnings);
  ~PostgresqlSession();
  PostgresqlSession(const PostgresqlSession&) = delete;
  PostgresqlSession& operator=(const PostgresqlSession&) = delete;

  [[nodiscard]] auto& connection() { return connection_->get(); }
  /// The same connection, for libpq: it does not wait for what it sends to leave.
  [[nodiscard]] PGconn* handle() const { return connection_->handle(); }
  /// The connection's socket, for polling: a number of ours, which stays the same, and on which an interrupt is seen.
  [[nodiscard]] int descriptor() const { return socket_.get(); }
  /// The process of the server that carries out what this session asks for.
  [[nodiscard]] int backend_pid() const { return PQbackendPID(handle()); }
  /// What the server has said so far beside its answers.
  [[nodiscard]] const PostgresqlNotices& notices() const { return notices_; }
  /// Doubts a commit during which such a notice came that casts_doubt_on_a_commit(). (A take-over is good for its fence
  /// all the same: it is repeated whenever something goes wrong.)
  /// @param before  notices().doubt_count() when the commit began
  /// @throws StorageError  kInDoubt
  void check_notices(std::size_t before, const char* meanwhile) const;

 private:
  void connect(Use use, Conninfo conninfo, std::chrono::milliseconds timeout);
  void check(std::chrono::milliseconds timeout);

  CallGate& gate_;
  PostgresqlNotices notices_;  // the connection gives its notices to it, to its end
  std::unique_ptr<compat::Connection> connection_;
  // The connection's socket under a number of ours: libpq may close its own at any time, and the system may then give
  // that number to somebody else's file.
  OwnedFd socket_;
};

}  // namespace dti
