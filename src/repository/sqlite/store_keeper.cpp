#include "repository/sqlite/store_keeper.hpp"

#include <system_error>
#include <utility>

#include "repository/sqlite/sqlite_session.hpp"
#include "repository/sqlite/store_mark.hpp"

namespace dti {
namespace {

using Kind = StorageError::Kind;

void refuse_unsafe(const StoreFiles& files) {
  const std::string refusal = judge(files).refusal;
  if (!refusal.empty()) {
    throw StorageError{Kind::kRefused, "cannot use the database " + files.path.string() + ": " + refusal};
  }
}

std::filesystem::path prepare_path(const std::filesystem::path& path) {
  std::filesystem::path resolved = resolve_path(path);
  std::error_code error;
  if (std::filesystem::is_directory(resolved, error)) {
    error = std::make_error_code(std::errc::is_a_directory);
  } else {
    make_private_folders(resolved.parent_path(), error);
  }
  if (error) {
    throw StorageError{Kind::kRefused, "cannot use the database " + resolved.string() + ": " + error.message()};
  }
  refuse_unsafe(look_at_store(resolved));
  return resolved;
}

/// A log that is not the right one does not get into the database. An empty one is of the connection's own making.
void leave_as_found(SqliteConnection& connection, const FileFacts& log) {
  if (log.size > 0) {
    connection.leave_log_when_closed();
  }
}

/// Whether the pages are those of one database. The rows are checked by replaying the ledger.
bool is_intact(SqliteConnection& connection) {
  connection.execute("PRAGMA ignore_check_constraints = ON");
  SqliteStatement check = connection.prepare("PRAGMA integrity_check(1)");
  const bool is_ok = check.step() && check.text(0) == "ok";
  check.reset();
  connection.execute("PRAGMA ignore_check_constraints = OFF");
  return is_ok;
}

}  // namespace

StoreKeeper::StoreKeeper(const std::filesystem::path& path, LogSink log)
    : path_(prepare_path(path)), log_path_(path_.string() + "-wal"), log_(std::move(log)), lock_(path_) {
  const StoreFiles files = look_at_store(path_);
  refuse_unsafe(files);  // once more: no other server makes them now
  // A write-ahead log is there that no lock file knows of. Opening and closing the database may end it. An empty one is
  // there after any program has read the database.
  if (files.log.size > 0 && !entries_noted(lock_.note(), files.database)) {
    lock_.keep_note(note_of(files.database, 0));
  }
  if (const std::string warning = judge(files).warning; log_ && !warning.empty()) {
    log_({LogLevel::kWarning, "store-at-risk", warning, {{"file", path_.string()}}});
  }
}

void StoreKeeper::check(const std::optional<FileId>& log) const {
  const FileFacts database = look_at_file(path_);
  const FileFacts of_log = log ? look_at_file(log_path_) : FileFacts{};
  if (const int error = database.error != 0 ? database.error : of_log.error; file_ && error != 0) {
    throw StorageError{Kind::kUnavailable,
                       "the database " + path_.string() + " or its write-ahead log cannot be read (" +
                           std::generic_category().message(error) + "): check the permissions of its folder"};
  }
  if ((file_ && database.id != *file_) || (log && of_log.id != *log)) {
    throw StorageError{Kind::kRefused,
                       "the database " + path_.string() +
                           " or its write-ahead log was removed or replaced while the server used it: stop the server"
                           " before you restore the database, and start it then"};
  }
  if (database.links > 1) {
    refuse_unsafe(look_at_store(path_));
  }
}

void StoreKeeper::make_file() const { static_cast<void>(make_private_file(path_)); }

bool StoreKeeper::examine(SqliteConnection& connection) {
  const FileFacts log = look_at_file(log_path_);
  if (has_foreign_log(connection, log)) {
    throw StorageError{Kind::kRefused, describe_foreign_log(path_)};
  }
  if (!has_schema(connection)) {
    return false;
  }
  const FileFacts database = look_at_file(path_);
  const MarkFacts facts = read_mark(connection, path_, entries_noted(lock_.note(), database));
  const MarkVerdict verdict = judge(facts);
  if (verdict == MarkVerdict::kLogMissing) {
    leave_as_found(connection, log);
    throw StorageError{Kind::kRefused, describe_missing_log(path_, facts)};
  }
  const bool is_of_a_later_epoch =
      connection.query_integer("SELECT max(epoch) > (SELECT max(epoch) FROM leadership) FROM semester") == 1;
  if (is_of_a_later_epoch || (verdict == MarkVerdict::kCopyWithLog && log.size > 0 && !is_intact(connection))) {
    leave_as_found(connection, log);
    throw StorageError{Kind::kCorrupt,
                       "the database " + path_.string() +
                           " does not fit its write-ahead log: if a backup was put in its place, move " +
                           log_path_.string() + " away; otherwise restore a backup"};
  }
  if (facts.entries_noted && facts.entries < *facts.entries_noted) {
    // A backup was written over the file, and is accepted. From now on, the next start must find its entries.
    lock_.keep_note(note_of(database, facts.entries));
  }
  if (verdict == MarkVerdict::kCopy && log_ && !std::exchange(told_of_copy_, true)) {
    log_({LogLevel::kWarning, "store-is-a-copy", std::string{kCopyWarning}, {{"file", path_.string()}}});
  }
  return true;
}

void StoreKeeper::mark(SqliteConnection& connection, Epoch epoch) {
  const FileFacts database = look_at_file(path_);
  if (!entries_noted(lock_.note(), database)) {
    lock_.keep_note(note_of(database, 0));  // before the mark, so that no end of the process leaves the mark alone
  }
  connection.execute(("PRAGMA user_version = " + std::to_string(mark_of(database, epoch))).c_str());
}

FileId StoreKeeper::take_over(std::span<const StoredSemester> semesters) {
  const FileFacts database = look_at_file(path_);
  const FileFacts log = look_at_file(log_path_);
  if (!database.exists() || !log.exists()) {
    throw StorageError{Kind::kUnavailable,
                       "the database " + path_.string() + " or its write-ahead log cannot be found"};
  }
  file_ = database.id;
  note_ = note_of(database, 0);
  for (const StoredSemester& semester : semesters) {
    note_.entries += semester.head;
  }
  lock_.set_note(note_);
  return log.id;
}

void StoreKeeper::add_entries(std::int64_t count) {
  note_.entries += count;
  lock_.set_note(note_);
}

}  // namespace dti
