#include "repository/sqlite_snapshot.hpp"

#include <sqlite3.h>

#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "repository/ledger_rows.hpp"
#include "repository/sql_text.hpp"
#include "repository/sqlite_session.hpp"

namespace dti {
namespace {

using Kind = StorageError::Kind;

std::string named(const std::filesystem::path& path) { return "the database " + path.string(); }

StorageError translate(const std::filesystem::path& path, const SqliteError& error) {
  switch (error.code()) {
    case SQLITE_CORRUPT: return {Kind::kCorrupt, named(path) + " is damaged: " + error.what()};
    // A table or a column that the schema's version promises.
    case SQLITE_ERROR: return {Kind::kCorrupt, named(path) + " cannot be read: " + error.what()};
    case SQLITE_NOTADB: return {Kind::kRefused, named(path) + ": " + error.what()};
    // The file itself was found readable: what remains is the index of its log, which readers share.
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return {Kind::kRefused, named(path) + ": its write-ahead log cannot be used (" + error.what() +
                                  "): " + path.filename().string() + "-wal and " + path.filename().string() +
                                  "-shm beside it must be readable, or the folder writable, so that they can be made;"
                                  " run this as the user that runs the server"};
    case SQLITE_BUSY:
      return {Kind::kUnavailable, named(path) + " is locked by another process, and goes on being so: try again"};
    default: return {Kind::kUnavailable, named(path) + ": " + error.what()};
  }
}

}  // namespace

template <class Call>
auto SqliteSnapshot::perform(Call call) -> decltype(call()) {
  try {
    return call();
  } catch (const SqliteError& error) {
    throw translate(path_, error);
  }
}

SqliteSnapshot::SqliteSnapshot(std::filesystem::path path, std::chrono::milliseconds timeout)
    : path_(std::move(path)), timeout_(timeout) {
  open();
  perform([&] {
    connection_->execute("BEGIN");  // the first thing that is read begins the snapshot
    if (!has_schema(*connection_)) refuse_empty_store(named(path_));
  });
}

void SqliteSnapshot::open() {
  std::error_code error;
  const auto status = std::filesystem::status(path_, error);
  if (!std::filesystem::exists(status)) {
    throw StorageError{Kind::kRefused, "cannot open " + named(path_) + ": " + error.message()};
  }
  if (std::filesystem::is_directory(status)) {
    throw StorageError{Kind::kRefused, "cannot open " + named(path_) + ": it is a folder"};
  }
  try {
    connection_ = std::make_unique<SqliteConnection>(path_.string(), SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX);
  } catch (const SqliteError& failure) {
    throw StorageError{Kind::kRefused, "cannot open " + named(path_) + ": " + failure.what()};
  }
  connection_->on_busy(
      [](void* context, int tries) {
        auto* const self = static_cast<SqliteSnapshot*>(context);
        const auto now = std::chrono::steady_clock::now();
        if (tries == 0) self->wait_until_ = now + self->timeout_;
        if (now >= self->wait_until_) return 0;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
        return 1;
      },
      this);
}

std::optional<std::vector<std::string>> SqliteSnapshot::check_file() {
  std::vector<std::string> faults;
  try {
    SqliteStatement check = connection_->prepare("PRAGMA integrity_check(10)");
    while (check.step()) faults.push_back(check.text(0));
  } catch (const SqliteError& error) {
    if (error.code() != SQLITE_CORRUPT) throw translate(path_, error);
    faults.emplace_back(error.what());
  }
  if (faults == std::vector<std::string>{"ok"}) faults.clear();
  return faults;
}

Epoch SqliteSnapshot::read_epoch() {
  return perform([&] {
    SqliteStatement select = connection_->prepare("SELECT epoch FROM leadership");
    if (!select.step()) throw_missing_leadership();
    const Epoch epoch = select.integer(0);
    if (select.step()) throw_missing_leadership();
    return epoch;
  });
}

std::vector<CatalogProgram> SqliteSnapshot::read_catalog() {
  return perform([&] { return read_programs(*connection_, 0); });
}

CatalogCounts SqliteSnapshot::count_catalog() {
  return perform([&]() -> CatalogCounts {
    const auto count = [&](std::string_view sql) {
      return static_cast<std::size_t>(connection_->query_integer(sql).value_or(0));
    };
    return {count("SELECT count(*) FROM faculty"), count("SELECT count(*) FROM program")};
  });
}

std::vector<SemesterRow> SqliteSnapshot::read_semesters() {
  return perform([&] {
    SqliteStatement select = connection_->prepare(kSelectSemesterRows);
    std::vector<SemesterRow> rows;
    while (select.step()) rows.push_back(read_semester_row(select));
    return rows;
  });
}

void SqliteSnapshot::read_ledger(SemesterId semester, const std::function<bool(const std::vector<LedgerRow>&)>& sink) {
  perform([&] {
    SqliteStatement select =
        connection_->prepare(std::string{kSelectLedgerRows} + "WHERE semester_id = ? ORDER BY seq");
    select.bind(semester);
    std::vector<LedgerRow> piece;
    while (select.step()) {
      piece.push_back(read_ledger_row(select));
      if (std::cmp_less(piece.size(), kLedgerPieceEntries)) continue;
      if (!sink(piece)) return;
      piece.clear();
    }
    if (!piece.empty()) static_cast<void>(sink(piece));
  });
}

std::optional<SemesterId> SqliteSnapshot::find_stray_ledger() {
  return perform([&]() -> std::optional<SemesterId> {
    SqliteStatement select = connection_->prepare(kSelectStrayLedger);
    if (!select.step() || select.is_null(0)) return std::nullopt;
    return select.integer(0);
  });
}

}  // namespace dti
