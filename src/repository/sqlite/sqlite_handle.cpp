#include "repository/sqlite/sqlite_handle.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <system_error>

namespace dti {
namespace {

constexpr int kPrimaryCode = 0xFF;

/// The error of the system for the call that failed; 0: not known. Of a COMMIT only the write-ahead log's file
/// still knows it.
int system_error_of(sqlite3* database, int extended) {
  sqlite3_file* log = nullptr;
  int of_log = 0;
  if (extended == SQLITE_IOERR_WRITE &&
      sqlite3_file_control(database, nullptr, SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK && log != nullptr &&
      log->pMethods != nullptr && log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &of_log) == SQLITE_OK &&
      of_log != 0) {
    return of_log;
  }
  return sqlite3_system_errno(database);
}

/// Whether the write found no room. SQLite reports SQLITE_FULL for ENOSPC only. A write that failed for want
/// of room has done no harm; a sync that did (SQLITE_IOERR_FSYNC) may have.
bool has_no_room(int extended, int system) {
  const bool is_write = extended == SQLITE_IOERR_WRITE || (extended & kPrimaryCode) == SQLITE_CANTOPEN;
  return is_write && (system == EDQUOT || system == EFBIG || system == ENOSPC);
}

/// SQLite's error, and the error of the system if a disk failed: "disk I/O error" alone does not help an operator.
SqliteError error_of(sqlite3* database, int code) {
  if (database == nullptr) {
    return {code & kPrimaryCode, sqlite3_errstr(code)};
  }
  std::string text = sqlite3_errmsg(database);
  const int primary = code & kPrimaryCode;
  if (primary != SQLITE_IOERR && primary != SQLITE_CANTOPEN) {
    return {primary, text};
  }
  const int extended = sqlite3_extended_errcode(database);
  const int system = system_error_of(database, extended);
  if (system != 0) {
    text += " (" + std::error_code{system, std::generic_category()}.message() + ")";
  }
  return {has_no_room(extended, system) ? SQLITE_FULL : primary, text, system};
}

[[noreturn]] void fail(sqlite3* database, int code) { throw error_of(database, code); }

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }

SqliteStatement::SqliteStatement(sqlite3* database, std::string_view sql) : database_(database) {
  sqlite3_stmt* statement = nullptr;
  check(sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement, nullptr));
  statement_.reset(statement);
}

void SqliteStatement::check(int code) const {
  if (code != SQLITE_OK) {
    fail(database_, code);
  }
}

void SqliteStatement::check_bound(int code) {
  if (code != SQLITE_OK) {
    reset();
    fail(database_, code);
  }
}

SqliteStatement& SqliteStatement::bind(std::int64_t value) {
  check_bound(sqlite3_bind_int64(statement_.get(), ++bound_, value));
  return *this;
}

SqliteStatement& SqliteStatement::bind(std::string_view value) {
  // SQLITE_TRANSIENT is a C cast of -1; it makes SQLite copy the text.
  check_bound(sqlite3_bind_text64(statement_.get(), ++bound_, value.data() != nullptr ? value.data() : "", value.size(),
                                  SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

SqliteStatement& SqliteStatement::bind(const std::optional<std::string>& value) {
  return value ? bind(std::string_view{*value}) : bind_null();
}

SqliteStatement& SqliteStatement::bind_bytes(std::span<const std::uint8_t> bytes) {
  check_bound(sqlite3_bind_blob64(statement_.get(), ++bound_, bytes.data(), bytes.size(), SQLITE_TRANSIENT));
  return *this;
}

SqliteStatement& SqliteStatement::bind_null() {
  check_bound(sqlite3_bind_null(statement_.get(), ++bound_));
  return *this;
}

bool SqliteStatement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code != SQLITE_ROW && code != SQLITE_DONE) {
    const SqliteError error = error_of(database_, code);
    reset();
    throw error;
  }
  return code == SQLITE_ROW;
}

void SqliteStatement::run() {
  while (step()) {
  }
  reset();
}

void SqliteStatement::reset() noexcept {
  sqlite3_reset(statement_.get());
  bound_ = 0;
}

bool SqliteStatement::is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

std::int64_t SqliteStatement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string SqliteStatement::text(int column) const {
  const auto* const bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return bytes == nullptr
             ? std::string{}
             : std::string{bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string SqliteStatement::bytes(int column) const {
  const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  return bytes == nullptr
             ? std::string{}
             : std::string{bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void SqliteConnection::Close::operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }

SqliteConnection::SqliteConnection(const std::string& path, int flags) {
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  database_.reset(database);  // to be closed, also if it failed to open
  if (code != SQLITE_OK) {
    fail(database, code);
  }
}

void SqliteConnection::execute(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    fail(database_.get(), code);
  }
}

std::optional<std::int64_t> SqliteConnection::query_integer(std::string_view sql) {
  SqliteStatement statement = prepare(sql);
  return statement.step() ? std::optional{statement.integer(0)} : std::nullopt;
}

int SqliteConnection::changes() const { return sqlite3_changes(database_.get()); }

bool SqliteConnection::in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }

void SqliteConnection::on_busy(int (*retry)(void*, int), void* context) {
  sqlite3_busy_handler(database_.get(), retry, context);
}

bool SqliteConnection::has_log_format() {
  constexpr sqlite3_int64 kReadVersion = 19;
  constexpr unsigned char kLog = 2;
  sqlite3_file* file = nullptr;
  unsigned char version = 0;
  const int code = sqlite3_file_control(database_.get(), nullptr, SQLITE_FCNTL_FILE_POINTER, &file);
  if (code != SQLITE_OK) {
    fail(database_.get(), code);
  }
  return file->pMethods != nullptr && file->pMethods->xRead(file, &version, 1, kReadVersion) == SQLITE_OK &&
         version == kLog;
}

void SqliteConnection::leave_log_when_closed() { configure(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1); }

void SqliteConnection::leave_out_triggers() { configure(SQLITE_DBCONFIG_ENABLE_TRIGGER, 0); }

void SqliteConnection::configure(int setting, int value) {
  const int code = sqlite3_db_config(database_.get(), setting, value, nullptr);
  if (code != SQLITE_OK) {
    fail(database_.get(), code);
  }
}

SqliteTransaction::SqliteTransaction(SqliteConnection& connection) : connection_(connection) {
  connection_.execute("BEGIN IMMEDIATE");
}

void SqliteTransaction::commit() { connection_.execute("COMMIT"); }

void SqliteTransaction::rollback() noexcept {
  if (connection_.in_transaction()) {
    try {
      connection_.execute("ROLLBACK");
    } catch (const SqliteError&) {
      // The caller asks the connection whether it is still in the transaction.
    }
  }
}

}  // namespace dti
