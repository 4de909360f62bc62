#include "repository/sqlite/sqlite_snapshot.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <string_view>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

#include "dti/repository/common/ledger_rows.hpp"
#include "dti/repository/common/sql_text.hpp"
#include "repository/sqlite/sqlite_chains.hpp"
#include "repository/sqlite/sqlite_session.hpp"
#include "repository/sqlite/store_lock.hpp"
#include "repository/sqlite/store_mark.hpp"

namespace dti {
namespace {

using Kind = StorageError::Kind;

constexpr std::chrono::milliseconds kRetryInterval{5};
constexpr std::chrono::milliseconds kIndexTime{1000};  // that a server needs for an index, many times over

std::string named(const std::filesystem::path& path) { return "the database " + path.string(); }

StorageError translate(const std::filesystem::path& path, const SqliteError& error) {
  switch (error.code()) {
    case SQLITE_CORRUPT: return {Kind::kCorrupt, named(path) + " is damaged: " + error.what()};
    // A table or a column that the schema's version promises.
    case SQLITE_ERROR: return {Kind::kCorrupt, named(path) + " cannot be read: " + error.what()};
    case SQLITE_NOTADB: return {Kind::kRefused, named(path) + ": " + error.what()};
    // The file itself is readable, so the index of its log, which readers share, is not.
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return {Kind::kRefused, named(path) + ": its write-ahead log cannot be used (" + error.what() +
                                  "): while a server runs, " + path.filename().string() + "-wal, " +
                                  path.filename().string() + "-shm and " + path.filename().string() +
                                  ".lock beside it must be readable; run this as the user that runs the server"};
    case SQLITE_BUSY:
      return {Kind::kUnavailable, named(path) + " is locked by another process for a long time: try again"};
    default: return {Kind::kUnavailable, named(path) + ": " + error.what()};
  }
}

/// A path within a URI of SQLite.
std::string uri_path(const std::filesystem::path& path) {
  constexpr std::string_view kPlain = "/-_.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : path.string()) {
    const auto byte = static_cast<unsigned char>(c);
    if (kPlain.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += {'%', kDigits[byte / 16], kDigits[byte % 16]};
    }
  }
  return encoded;
}

}  // namespace

template <class Call>
auto SqliteSnapshot::perform(Call call) -> decltype(call()) {
  try {
    if constexpr (std::is_void_v<decltype(call())>) {
      call();
      check_unchanged();
    } else {
      auto result = call();
      check_unchanged();
      return result;
    }
  } catch (const SqliteError& error) {
    check_unchanged();
    throw translate(path_, error);
  }
}

SqliteSnapshot::SqliteSnapshot(const std::filesystem::path& path, std::chrono::milliseconds timeout)
    : path_(resolve_path(path)), timeout_(timeout) {
  std::error_code error;
  const auto status = std::filesystem::status(path_, error);
  if (!std::filesystem::exists(status)) {
    throw StorageError{Kind::kRefused, "cannot open " + named(path_) + ": " + error.message()};
  }
  if (std::filesystem::is_directory(status)) {
    throw StorageError{Kind::kRefused, "cannot open " + named(path_) + ": it is a folder"};
  }
  // Reading such a store harms nothing, and the operator may have to look at it.
  if (std::string open = describe_open_permissions(look_at_store(path_)); !open.empty()) warning_ = std::move(open);
  begin();
}

/// A server that only just starts or ends makes the index, or removes it.
void SqliteSnapshot::begin() {
  const auto until = std::chrono::steady_clock::now() + std::min(timeout_, kIndexTime);
  while (!try_begin(std::chrono::steady_clock::now() >= until)) {
    std::this_thread::sleep_for(kRetryInterval);
  }
}

/// The first thing that is read begins the snapshot.
/// @return false if a server has the store, and its index cannot be used: perhaps not yet, or no longer
bool SqliteSnapshot::try_begin(bool is_last_try) {
  const StoreFiles files = look_at_store(path_);
  const LockState lock = probe_lock(path_);
  std::optional<std::int64_t> noted = entries_noted(read_note(path_), files.database);
  if (!noted && files.log.size > 0) {
    noted = 0;
  }
  try {
    connect(path_.string(), 0);
    if (has_foreign_log(*connection_, files.log)) {
      throw StorageError{Kind::kRefused, describe_foreign_log(path_)};
    }
    connection_->execute("BEGIN");
    static_cast<void>(has_schema(*connection_));
  } catch (const SqliteError& error) {
    const bool is_about_index =
        error.code() == SQLITE_CANTOPEN || error.code() == SQLITE_READONLY || error.code() == SQLITE_PERM;
    if (is_about_index && lock == LockState::kHeld && !is_last_try) {
      return false;
    }
    if (!is_about_index || lock != LockState::kFree) {
      throw translate(path_, error);
    }
    unchanged_ = files;
    perform([&] { begin_without_index(); });
  }
  perform([&] {
    if (!has_schema(*connection_)) refuse_empty_store(named(path_));
    if (lock == LockState::kFree) judge_mark(noted);
  });
  return true;
}

void SqliteSnapshot::begin_without_index() {
  if (unchanged_->log.size == 0) {
    connect("file:" + uri_path(path_) + "?immutable=1", SQLITE_OPEN_URI);
  } else {
    // With a lock that excludes others SQLite keeps the index in its memory. This VFS takes that lock for granted.
    connect("file:" + uri_path(path_) + "?vfs=unix-none", SQLITE_OPEN_URI);
    connection_->leave_log_when_closed();
    connection_->execute("PRAGMA locking_mode = EXCLUSIVE");
  }
  connection_->execute("BEGIN");
}

/// No server has the store: is all there that the last one answered?
void SqliteSnapshot::judge_mark(std::optional<std::int64_t> noted) {
  const MarkFacts facts = read_mark(*connection_, path_, noted);
  const MarkVerdict verdict = judge(facts);
  if (verdict == MarkVerdict::kLogMissing && probe_lock(path_) == LockState::kFree) {
    throw StorageError{Kind::kRefused, describe_missing_log(path_, facts)};
  }
  if (verdict == MarkVerdict::kCopy) {
    warning_ = (warning_ ? *warning_ + "; " : std::string{}) + std::string{kCopyWarning};
  }
}

void SqliteSnapshot::check_unchanged() const {
  if (!unchanged_) return;
  const StoreFiles now = look_at_store(path_);
  const auto is_same = [](const FileFacts& before, const FileFacts& after) {
    return before.id == after.id && before.size == after.size && before.modified == after.modified;
  };
  if (!is_same(unchanged_->database, now.database) || !is_same(unchanged_->log, now.log) ||
      probe_lock(path_) != LockState::kFree) {
    throw StorageError{Kind::kUnavailable, named(path_) + " was changed while it was read: try again"};
  }
}

void SqliteSnapshot::connect(const std::string& name, int flags) {
  try {
    connection_ = std::make_unique<SqliteConnection>(name, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | flags);
  } catch (const SqliteError& failure) {
    throw StorageError{Kind::kRefused, "cannot open " + named(path_) + ": " + failure.what()};
  }
  connection_->on_busy(
      [](void* context, int tries) {
        auto* const self = static_cast<SqliteSnapshot*>(context);
        const auto now = std::chrono::steady_clock::now();
        if (tries == 0) self->wait_until_ = now + self->timeout_;
        if (now >= self->wait_until_) return 0;
        std::this_thread::sleep_for(kRetryInterval);
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
  check_unchanged();
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

int SqliteSnapshot::read_schema_version() {
  return perform([&] { return schema_version(*connection_); });
}

/// The lock on the file is the lead.
StoredLead SqliteSnapshot::read_lead() {
  return perform([&] {
    SqliteStatement select = connection_->prepare("SELECT epoch, holder, taken_at FROM leadership");
    if (!select.step()) throw_missing_leadership();
    StoredLead lead{.epoch = select.integer(0),
                    .holder = select.text(1),
                    .taken_at = {},
                    .is_held = {},
                    .endpoint = {},
                    .lease_until = {}};
    if (!select.is_null(2)) lead.taken_at = select.integer(2);
    const auto lock = probe_lock(path_);
    if (lock != LockState::kUnknown) lead.is_held = lock == LockState::kHeld;
    return lead;
  });
}

StoreSurvey SqliteSnapshot::survey() {
  return perform([&]() -> StoreSurvey {
    return {read_semesters(*connection_), read_programs(*connection_, 0),
            read_program_changes(*connection_, 0).changes};
  });
}

void SqliteSnapshot::read_ledger(SemesterId semester, Seq first, Seq last, Columns columns, const RowSink& sink) {
  perform([&] { read_rows(*connection_, semester, first, last, columns, sink); });
}

CatalogCounts SqliteSnapshot::count_catalog() {
  return perform([&]() -> CatalogCounts {
    const auto count = [&](std::string_view sql) {
      return static_cast<std::size_t>(connection_->query_integer(sql).value_or(0));
    };
    return {count("SELECT count(*) FROM faculty"), count("SELECT count(*) FROM program")};
  });
}

std::optional<SemesterId> SqliteSnapshot::find_stray_ledger() {
  return perform([&]() -> std::optional<SemesterId> {
    SqliteStatement select = connection_->prepare(kSelectStrayLedger);
    if (!select.step() || select.is_null(0)) return std::nullopt;
    return select.integer(0);
  });
}

void SqliteSnapshot::read_entries(SemesterId semester, Seq first, Seq last, const EntrySink& sink) {
  perform([&] { dti::read_entries(*connection_, semester, first, last, sink); });
}

void SqliteSnapshot::read_grant(SemesterId semester, ProgramId program, std::int32_t generation,
                                const EntrySink& sink) {
  perform([&] { dti::read_grant(*connection_, semester, program, generation, sink); });
}

std::map<Seq, CommandNote> SqliteSnapshot::read_notes(SemesterId semester, Seq first, Seq last) {
  return perform([&] { return dti::read_notes(*connection_, semester, first, last); });
}

std::optional<ChainHeads> SqliteSnapshot::read_chain_heads() {
  return perform([&] { return dti::read_chain_heads(*connection_); });
}

RowSeal SqliteSnapshot::read_seal(SemesterId chain, Seq seq) {
  return perform([&] { return dti::read_seal(*connection_, chain, seq); });
}

void SqliteSnapshot::read_registry(const RegistrySink& sink) {
  perform([&] { dti::read_registry(*connection_, sink); });
}

}  // namespace dti
