#pragma once

#include <cstddef>
#include <memory>
#include <pqxx/pqxx>

/// What differs between libpqxx 6.4 and 7.10; nothing else looks at the version.
namespace dti::compat {

#if PQXX_VERSION_MAJOR >= 7

template <class... Values>
pqxx::result exec_prepared(pqxx::transaction_base& transaction, const char* name, const Values&... values) {
  return transaction.exec(pqxx::prepped{name}, pqxx::params{values...});
}

template <class... Values>
pqxx::result exec_params(pqxx::transaction_base& transaction, const char* sql, const Values&... values) {
  return transaction.exec(sql, pqxx::params{values...});
}

/// A statement that the server knows from here on.
inline void prepare(pqxx::connection& connection, const char* name, const char* sql) { connection.prepare(name, sql); }

/// This version never reconnects by itself.
inline void forbid_reconnect(pqxx::connection& /*connection*/) {}

/// Counts what the server says beside its answers: a WARNING is a notice, and so is all that libpqxx reports.
class NoticeCounter {
 public:
  // The connection keeps the handler longer than this object lives, so both hold the number.
  explicit NoticeCounter(pqxx::connection& connection) {
    connection.set_notice_handler([count = count_](pqxx::zview) noexcept { ++*count; });
  }
  [[nodiscard]] std::size_t count() const { return *count_; }

 private:
  const std::shared_ptr<std::size_t> count_ = std::make_shared<std::size_t>(0);
};

#else

template <class... Values>
pqxx::result exec_prepared(pqxx::transaction_base& transaction, const char* name, const Values&... values) {
  return transaction.exec_prepared(name, values...);
}

template <class... Values>
pqxx::result exec_params(pqxx::transaction_base& transaction, const char* sql, const Values&... values) {
  return transaction.exec_params(sql, values...);
}

inline void prepare(pqxx::connection& connection, const char* name, const char* sql) {
  connection.prepare(name, sql);
  connection.prepare_now(name);
}

/// This version would go on with a new session of the server, without our settings, and say nothing.
inline void forbid_reconnect(pqxx::connection& connection) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
}

class NoticeCounter : private pqxx::errorhandler {
 public:
  explicit NoticeCounter(pqxx::connection& connection) : pqxx::errorhandler{connection} {}
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  bool operator()(const char[]) noexcept override {
    ++count_;
    return false;
  }

  std::size_t count_ = 0;
};

#endif

}  // namespace dti::compat
