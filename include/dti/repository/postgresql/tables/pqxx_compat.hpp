#pragma once

#include <libpq-fe.h>

#include <memory>
#include <pqxx/pqxx>
#include <string>

/// The differences between libpqxx 6.4 and 7.10. No other file depends on the version.
namespace dti::compat {

/// Closes a connection that libpqxx does not own yet.
struct FinishConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Handle = std::unique_ptr<PGconn, FinishConnection>;

/// The SQLSTATE of an error. Both versions leave it out of one exception type.
inline std::string sqlstate(const pqxx::sql_error& error) {
  return dynamic_cast<const pqxx::insufficient_privilege*>(&error) != nullptr ? "42501" : error.sqlstate();
}

#if PQXX_VERSION_MAJOR >= 7

/// A transaction that sees one moment and changes nothing.
using SnapshotTransaction = pqxx::transaction<pqxx::isolation_level::repeatable_read, pqxx::write_policy::read_only>;

/// A connection, and libpq's handle of it: for what libpqxx cannot do.
class Connection {
 public:
  /// @param handle  connected
  explicit Connection(Handle handle)
      : handle_(handle.get()), connection_(pqxx::connection::seize_raw_connection(handle.release())) {}
  [[nodiscard]] pqxx::connection& get() { return connection_; }
  [[nodiscard]] PGconn* handle() const { return handle_; }

 private:
  PGconn* const handle_;  // the connection's
  pqxx::connection connection_;
};

template <class... Values>
pqxx::result exec_params(pqxx::transaction_base& transaction, const char* sql, const Values&... values) {
  return transaction.exec(sql, pqxx::params{values...});
}

/// A statement that the server knows from here on.
inline void prepare(pqxx::connection& connection, const char* name, const char* sql) { connection.prepare(name, sql); }

/// This version never reconnects by itself.
inline void forbid_reconnect(pqxx::connection& /*connection*/) {}

#else

/// A transaction that sees one moment and changes nothing.
using SnapshotTransaction = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;

/// Has libpqxx use a connection that libpq has made.
class AdoptsHandle : public pqxx::connectionpolicy {
 public:
  explicit AdoptsHandle(PGconn* connection) : connectionpolicy{""}, adopted_(connection) {}
  handle do_startconnect(handle given) override { return given != nullptr ? given : adopted_; }
  [[nodiscard]] PGconn* adopted() const { return adopted_; }

 private:
  PGconn* const adopted_;
};

/// A connection, and libpq's handle of it: for what libpqxx cannot do.
class Connection {
 public:
  /// @param handle  connected
  explicit Connection(Handle handle) : connection_(handle.release()) {}
  [[nodiscard]] pqxx::connection_base& get() { return connection_; }
  [[nodiscard]] PGconn* handle() const { return connection_.policy.adopted(); }

 private:
  struct HasPolicy {
    AdoptsHandle policy;
  };
  struct WithPolicy : HasPolicy, pqxx::connection_base {
    explicit WithPolicy(PGconn* handle) : HasPolicy{AdoptsHandle{handle}}, connection_base{HasPolicy::policy} {
      init();
    }
    ~WithPolicy() { close(); }
  };

  WithPolicy connection_;
};

template <class... Values>
pqxx::result exec_params(pqxx::transaction_base& transaction, const char* sql, const Values&... values) {
  return transaction.exec_params(sql, values...);
}

inline void prepare(pqxx::connection_base& connection, const char* name, const char* sql) {
  connection.prepare(name, sql);
  connection.prepare_now(name);
}

/// This version would go on with a new session of the server, without our settings, and say nothing.
inline void forbid_reconnect(pqxx::connection_base& connection) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
}

#endif

}  // namespace dti::compat
