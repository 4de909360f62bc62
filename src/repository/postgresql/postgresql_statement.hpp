#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dti/repository/binary/binary_format.hpp"
#include "dti/repository/binary/ledger_copy.hpp"

namespace dti {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PostgresqlResult = std::unique_ptr<PGresult, ClearResult>;

/// The values of a prepared statement's parameters, in order, in the binary form of their types.
class StatementParameters {
 public:
  void add_smallint(std::int16_t value) { add_number(value); }
  void add_integer(std::int32_t value) { add_number(value); }
  void add_bigint(std::int64_t value) { add_number(value); }
  void add_text(const std::optional<std::string>& value) { values_.push_back(value); }
  void add_bytes(std::string_view value) { values_.emplace_back(value); }
  void add_array(const BinaryArray& array) { values_.emplace_back(array.bytes()); }

 private:
  friend class PostgresqlStatement;

  void add_number(auto value) { append_big_endian(values_.emplace_back(std::in_place).value(), value); }

  std::vector<std::optional<std::string>> values_;  // none: NULL
};

/// An error of PostgreSQL.
struct StatementError {
  std::string sqlstate;  // empty: libpq's own
  std::string text;
};

/// A statement that is carried out without waiting: it is sent, and advance() is called whenever the socket is ready.
/// For libpq because libpqxx only waits.
/// Done means that the server is ready for the next one, which it says after no FATAL and no PANIC: an error that is
/// there then was an ERROR, and all is rolled back.
/// @throws pqxx::broken_connection  from each call, if the link broke; the statement may have taken effect
/// Source: docs/adr/0014-commits-in-the-poll-set.md
class PostgresqlStatement {
 public:
  /// @param connection  must have no other user from start…() until done; outlives this
  explicit PostgresqlStatement(PGconn* connection) : connection_(connection) {}

  void start_prepared(const char* name, const StatementParameters& parameters);
  void start(const char* sql);
  /// Commands of which the last is a COPY that takes `copy`. Unless the command before it wrote a row, nothing is given
  /// to it and all of them are rolled back.
  void start_guarded_copy(const char* sql, LedgerCopy copy);

  /// Sends and receives as much as possible without waiting. @return whether the statement is done
  [[nodiscard]] bool advance();
  /// Whether it waits to send, in addition to receiving.
  [[nodiscard]] bool has_more_to_send() const { return has_more_to_send_; }

  /// Once done: the result of the last command that had one, and the error, if there was one.
  [[nodiscard]] const PGresult* result() const { return result_.get(); }
  [[nodiscard]] const std::optional<StatementError>& error() const { return error_; }
  /// Once done: was there nothing to guard a COPY?
  [[nodiscard]] bool gave_up() const { return gave_up_; }
  /// How many rows the last command wrote or gave.
  [[nodiscard]] std::size_t row_count() const;

 private:
  void begin(int sent);
  void flush();
  void begin_copy();
  void feed_copy();
  [[noreturn]] void throw_broken() const;

  PGconn* connection_;
  std::optional<LedgerCopy> copy_;
  bool is_copying_ = false;  // the server takes the data of the COPY
  bool gave_up_ = false;
  bool has_more_to_send_ = false;
  PostgresqlResult result_;
  std::optional<StatementError> error_;
};

}  // namespace dti
