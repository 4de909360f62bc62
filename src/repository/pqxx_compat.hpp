#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <vector>

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

/// A parameter for each of the values, which outlive the call; a null pointer is NULL.
inline pqxx::params each_of(const std::vector<const char*>& values) {
  pqxx::params parameters;
  for (const char* const value : values) {
    if (value != nullptr) {
      parameters.append(pqxx::zview{value});
    } else {
      parameters.append();
    }
  }
  return parameters;
}

/// A parameter in the binary form of its type.
inline auto binary(std::string_view bytes) { return pqxx::binary_cast(bytes); }

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

/// A parameter for each of the values, which outlive the call; a null pointer is NULL.
inline auto each_of(const std::vector<const char*>& values) { return pqxx::prepare::make_dynamic_params(values); }

/// A parameter in the binary form of its type.
inline auto binary(std::string_view bytes) { return pqxx::binarystring{bytes.data(), bytes.size()}; }

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

class Notices : private pqxx::errorhandler {
 public:
  explicit Notices(pqxx::connection& connection) : pqxx::errorhandler{connection} {}
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
