#pragma once

#include <libpq-fe.h>

#include <cstddef>
#include <exception>
#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <string_view>

/// What differs between libpqxx 6.4 and 7.10; nothing else looks at the version.
namespace dti::compat {

struct SaidByServer {
  std::size_t count = 0;
  std::string last;

  void add(std::string_view text) noexcept {
    ++count;
    try {
      last = text;
    } catch (const std::exception&) {
      last.clear();  // the number is what counts
    }
  }
};

#if PQXX_VERSION_MAJOR >= 7

/// A transaction that sees one moment and changes nothing.
using SnapshotTransaction = pqxx::transaction<pqxx::isolation_level::repeatable_read, pqxx::write_policy::read_only>;

/// A connection, and libpq's handle of it: for what libpqxx cannot do.
class Connection {
 public:
  /// @throws pqxx::broken_connection
  explicit Connection(const std::string& conninfo)
      : handle_(PQconnectdb(conninfo.c_str())), connection_(pqxx::connection::seize_raw_connection(handle_)) {
    // What is seized is not looked at.
    if (PQstatus(handle_) != CONNECTION_OK) throw pqxx::broken_connection{PQerrorMessage(handle_)};
  }
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

/// What the server says beside its answers: a WARNING is a notice, and so is all that libpqxx reports.
class Notices {
 public:
  // The connection keeps the handler longer than this object lives, so both hold what was said.
  explicit Notices(pqxx::connection& connection) {
    connection.set_notice_handler([said = said_](pqxx::zview text) noexcept { said->add(text); });
  }
  [[nodiscard]] std::size_t count() const { return said_->count; }
  /// The text of the last one.
  [[nodiscard]] const std::string& last() const { return said_->last; }

 private:
  const std::shared_ptr<SaidByServer> said_ = std::make_shared<SaidByServer>();
};

#else

/// A transaction that sees one moment and changes nothing.
using SnapshotTransaction = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;

/// Connects at once, and keeps libpq's handle.
class KeepsHandle : public pqxx::connect_direct {
 public:
  using connect_direct::connect_direct;
  handle do_startconnect(handle given) override { return handle_ = connect_direct::do_startconnect(given); }
  [[nodiscard]] PGconn* kept() const { return handle_; }

 private:
  PGconn* handle_ = nullptr;
};

/// A connection, and libpq's handle of it: for what libpqxx cannot do.
class Connection {
 public:
  /// @throws pqxx::broken_connection
  explicit Connection(const std::string& conninfo) : connection_(conninfo) {}
  [[nodiscard]] pqxx::connection_base& get() { return connection_; }
  [[nodiscard]] PGconn* handle() const { return connection_.policy.kept(); }

 private:
  struct HasPolicy {
    KeepsHandle policy;
  };
  struct WithPolicy : HasPolicy, pqxx::connection_base {
    explicit WithPolicy(const std::string& conninfo)
        : HasPolicy{KeepsHandle{conninfo}}, connection_base{HasPolicy::policy} {
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

class Notices : private pqxx::errorhandler {
 public:
  explicit Notices(pqxx::connection_base& connection) : pqxx::errorhandler{connection} {}
  [[nodiscard]] std::size_t count() const { return said_.count; }
  [[nodiscard]] const std::string& last() const { return said_.last; }

 private:
  bool operator()(const char text[]) noexcept override {
    said_.add(text);
    return false;
  }

  SaidByServer said_;
};

#endif

}  // namespace dti::compat
