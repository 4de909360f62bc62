#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "repository/call_gate.hpp"
#include "repository/conninfo.hpp"
#include "repository/owned_fd.hpp"
#include "repository/pqxx_compat.hpp"

namespace dti {

/// One session with PostgreSQL, with the settings on which the commits rest: set, and read back. Never reconnects.
class PostgresqlSession {
 public:
  /// Connects. While this lives, an interrupt at the gate cuts the connection.
  /// @param timeout  bounds connecting (see connect_timeout()), and the silence of a peer that is gone
  /// @throws StorageError  kUnavailable, or kRefused for a server whose settings lose what was committed; the text
  ///                       never holds a password
  PostgresqlSession(Conninfo conninfo, std::chrono::milliseconds timeout, CallGate& gate);
  ~PostgresqlSession();
  PostgresqlSession(const PostgresqlSession&) = delete;
  PostgresqlSession& operator=(const PostgresqlSession&) = delete;

  [[nodiscard]] auto& connection() { return connection_->get(); }
  /// The same connection, for libpq: it does not wait for what it sends to leave.
  [[nodiscard]] PGconn* handle() const { return connection_->handle(); }
  /// The connection's socket, for polling: a number of ours, which stays the same, and on which an interrupt is seen.
  [[nodiscard]] int descriptor() const { return socket_.get(); }
  /// The warnings that the server has sent so far.
  [[nodiscard]] const compat::Notices& notices() const { return *notices_; }
  /// Doubts a commit during which the server warned, whatever it says of success: a wait for a standby that was
  /// cancelled comes back so. (A take-over is good for its fence all the same: it is repeated whenever something goes
  /// wrong.)
  /// @param before  notices().count() when the commit began
  /// @throws StorageError  kInDoubt
  void check_notices(std::size_t before, const char* meanwhile) const;

 private:
  void connect(Conninfo conninfo, std::chrono::milliseconds timeout);
  void apply_settings(std::chrono::milliseconds timeout);

  CallGate& gate_;
  std::unique_ptr<compat::Connection> connection_;
  std::unique_ptr<compat::Notices> notices_;  // goes before the connection does
  // The connection's socket under a number of ours: libpq may close its own at any time, and the system may then give
  // that number to somebody else's file.
  OwnedFd socket_;
};

/// An error text of a driver as one line.
[[nodiscard]] std::string one_line(std::string_view text);

}  // namespace dti
