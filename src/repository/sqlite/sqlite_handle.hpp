#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "dti/seals/seal.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace dti {

/// An error of SQLite.
class SqliteError : public std::runtime_error {
 public:
  SqliteError(int code, const std::string& what, int system = 0)
      : std::runtime_error(what), code_(code), system_(system) {}
  /// The primary result code, such as SQLITE_BUSY.
  [[nodiscard]] int code() const { return code_; }
  /// The error of the system for a disk, as in errno; 0: not known.
  [[nodiscard]] int system() const { return system_; }

 private:
  int code_;
  int system_;
};

/// A prepared statement. Parameters are bound in order of bind() calls; reset() makes it ready for the next execution.
class SqliteStatement {
 public:
  SqliteStatement(sqlite3* database, std::string_view sql);

  SqliteStatement& bind(std::int64_t value);
  SqliteStatement& bind(std::string_view value);
  SqliteStatement& bind(const std::optional<std::string>& value);
  SqliteStatement& bind_bytes(std::span<const std::uint8_t> bytes);
  SqliteStatement& bind_seal(const std::optional<Seal>& seal) { return seal ? bind_bytes(seal->bytes) : bind_null(); }
  SqliteStatement& bind_null();

  /// Goes to the next row.
  /// @return false if there is none
  bool step();
  /// Runs a statement that gives no rows, and makes it ready for the next bind().
  void run();
  void reset() noexcept;

  /// For a reader for which a call for each column is too slow.
  [[nodiscard]] sqlite3_stmt* handle() const { return statement_.get(); }
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::string bytes(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };

  void check(int code) const;
  void check_bound(int code);

  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
};

/// An open database file. Thread: one.
class SqliteConnection {
 public:
  /// @param path  of the file; with SQLITE_OPEN_URI a URI
  /// @param flags  as for sqlite3_open_v2
  SqliteConnection(const std::string& path, int flags);

  /// Runs one or several statements without parameters.
  void execute(const char* sql);
  [[nodiscard]] SqliteStatement prepare(std::string_view sql) { return {database_.get(), sql}; }
  /// The one number that a query gives; none if it gives no row.
  [[nodiscard]] std::optional<std::int64_t> query_integer(std::string_view sql);
  /// How many rows the last statement changed.
  [[nodiscard]] int changes() const;
  [[nodiscard]] bool in_transaction() const;
  /// `retry(context, count)` is asked whether to wait on when the file is locked; 0: no. Called on this thread.
  void on_busy(int (*retry)(void*, int), void* context);
  /// Does the file's header say that a write-ahead log belongs to it? Read from the file itself, by the descriptor that
  /// is open: closing another one would take this process's locks away. False if there is no header yet.
  [[nodiscard]] bool has_log_format();
  /// Closing this connection neither copies the write-ahead log into the database nor removes it.
  void leave_log_when_closed();
  /// Disables all triggers for this connection. They stay enabled for every other connection.
  void leave_out_triggers();

 private:
  struct Close {
    void operator()(sqlite3* database) const noexcept;
  };

  void configure(int setting, int value);

  std::unique_ptr<sqlite3, Close> database_;
};

/// BEGIN IMMEDIATE … COMMIT; rolled back if it was not committed.
class SqliteTransaction {
 public:
  explicit SqliteTransaction(SqliteConnection& connection);
  ~SqliteTransaction() { rollback(); }
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;

  void commit();
  void rollback() noexcept;

 private:
  SqliteConnection& connection_;
};

}  // namespace dti
