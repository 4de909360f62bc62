#include "repository/sqlite/sqlite_repository.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "dti/repository/common/ledger_rows.hpp"
#include "dti/repository/common/migrations.hpp"
#include "dti/repository/common/sql_text.hpp"
#include "dti/service/ledger/extent_check.hpp"
#include "repository/sqlite/sqlite_chains.hpp"
#include "repository/sqlite/sqlite_change.hpp"
#include "repository/sqlite/sqlite_handle.hpp"
#include "repository/sqlite/sqlite_session.hpp"

namespace dti {
namespace {

using Kind = StorageError::Kind;

constexpr std::uintmax_t kLogExpectedMax = 32 * 1024 * 1024;  // from 16 MiB on, the log starts again at its beginning

constexpr char kSelectNewestTime[] =
    "SELECT max(l.at) FROM semester s JOIN ledger l ON l.semester_id = s.id AND l.seq = s.head";

/// Beside the write-ahead log. Source: docs/adr/0009-sqlite-store.md
constexpr char kSettings[] = R"(
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = OFF;           -- commit() and add_programs() look at once for what they would look for row by row
PRAGMA cache_size = -16384;          -- KiB; room for what a batch of 10,000 entries changes before its COMMIT
PRAGMA wal_autocheckpoint = 4000;    -- pages (16 MB): a page that many batches change is copied into the database once
PRAGMA journal_size_limit = 33554432 -- bytes: what the log that a long reader let grow shrinks to)";

/// The remedy for an operator.
std::string_view advice(const SqliteError& error) {
  constexpr std::string_view kFreeRoom = ": free some room on its disk, or raise the quota or the limit of file sizes";
  switch (error.system()) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return kFreeRoom;
    case EMFILE:
    case ENFILE: return ": raise the limit of open files (ulimit -n, LimitNOFILE= of systemd)";
    default: break;
  }
  switch (error.code()) {
    case SQLITE_FULL: return kFreeRoom;
    case SQLITE_IOERR: return ": see to its disk, about which the system's log may say more";
    case SQLITE_CANTOPEN:  // SQLite tries a second time, to read only, and keeps the reason of that one
      return ": see to its permissions, whether its disk is mounted read-only, and whether a file can still be made"
             " there (df -i, quota)";
    case SQLITE_PERM:
    case SQLITE_READONLY: return ": see to its permissions, and whether its disk is mounted read-only";
    case SQLITE_CORRUPT: return ": stop the server, and restore a backup";
    default: return "";
  }
}

}  // namespace

SqliteRepository::SqliteRepository(const std::filesystem::path& path, std::chrono::milliseconds timeout, LogSink log)
    : keeper_(path, log), path_(keeper_.path()), timeout_(timeout), log_(std::move(log)) {}

/// The close that follows copies the log into the database and removes it: the mark goes with it.
SqliteRepository::~SqliteRepository() {
  if (session_ == nullptr) {
    return;
  }
  try {
    check_files();
    session_->connection.on_busy(nullptr, nullptr);
    SqliteTransaction transaction{session_->connection};
    if (holder_.is_leading(session_->epoch())) {
      session_->connection.execute("PRAGMA user_version = 0");
      transaction.commit();
    }
  } catch (const std::exception&) {
    // The mark stays, and the next start finds by the note that nothing is missing.
  }
}

std::unique_ptr<SqliteSession> SqliteRepository::open(int flags) {
  // NOMUTEX: one thread uses it, and need not lock it for each column.
  auto session = std::make_unique<SqliteSession>(SqliteConnection{path_.string(), flags | SQLITE_OPEN_NOMUTEX});
  wait_when_busy(session->connection);
  return session;
}

void SqliteRepository::wait_when_busy(SqliteConnection& connection) {
  connection.on_busy(
      [](void* self, int tries) { return static_cast<SqliteRepository*>(self)->waits_on(tries) ? 1 : 0; }, this);
}

/// SQLite calls this repeatedly while it waits for the lock of another connection.
bool SqliteRepository::waits_on(int tries) {
  const auto now = std::chrono::steady_clock::now();
  if (tries == 0) {
    wait_until_ = now + timeout_;
  }
  if (now >= wait_until_ || gate_.interrupted()) {
    return false;
  }
  std::this_thread::sleep_for(std::chrono::milliseconds{tries < 10 ? 1 : 5});
  return true;
}

StorageError::Kind SqliteRepository::kind_of(int code) const {
  const bool takes_over = stage_ == Stage::kTakingOver;
  const bool writes = stage_ == Stage::kWriting || stage_ == Stage::kCommitting;
  switch (code) {
    case SQLITE_CONSTRAINT: return Kind::kInvariant;
    case SQLITE_CORRUPT: return Kind::kCorrupt;
    case SQLITE_NOTADB: return takes_over ? Kind::kRefused : Kind::kCorrupt;
    // The file cannot take the change, although the connection is good.
    case SQLITE_ERROR: return takes_over ? Kind::kRefused : writes ? Kind::kRejected : Kind::kUnavailable;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH: return writes ? Kind::kRejected : Kind::kUnavailable;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    // At a start, the path is unusable. Of a file that was served, it may pass: a disk became read-only.
    case SQLITE_AUTH: return takes_over && !keeper_.has_file() ? Kind::kRefused : Kind::kUnavailable;
    default: return Kind::kUnavailable;  // a lock, a disk: opening the file again may help
  }
}

/// Translates SQLite's error. The session continues only if the file refused this statement and can take the next one.
/// After any other error, the server must open the file again (a take-over) to learn what it holds.
StorageError SqliteRepository::translate(const SqliteError& error) {
  disk_failed_ = disk_failed_ || error.code() == SQLITE_IOERR;
  const bool writes = stage_ == Stage::kWriting || stage_ == Stage::kCommitting;
  const bool is_open = session_ != nullptr && session_->connection.in_transaction();  // it could not be rolled back
  // A COMMIT that was busy or had no room is rolled back; of any other failure only a recovery tells.
  const bool in_doubt =
      is_open || (stage_ == Stage::kCommitting && error.code() != SQLITE_BUSY && error.code() != SQLITE_FULL);
  const Kind kind = writes && in_doubt ? Kind::kInDoubt : kind_of(error.code());
  if (kind != Kind::kRejected && kind != Kind::kInvariant) {
    session_.reset();
  }
  return {kind, "the database " + path_.string() + ": " + error.what() + std::string{advice(error)}};
}

/// Makes one call. If it fails, throws the StorageError that says whether the call may have taken effect.
template <class Call>
auto SqliteRepository::perform(Stage stage, Call call) -> decltype(call()) {
  const CallGate::Scope scope{gate_};
  stage_ = stage;
  if (session_ == nullptr && stage != Stage::kTakingOver) {
    throw StorageError{Kind::kUnavailable, "the database " + path_.string() + " is not open: take over first"};
  }
  try {
    check_files();
    return call();
  } catch (const StorageError& error) {
    if (error.kind() != Kind::kInvariant) {
      session_.reset();
    }
    throw;
  } catch (const SqliteError& error) {
    throw translate(error);
  } catch (const std::exception& error) {  // no memory, or no such file system
    session_.reset();
    const bool writes = stage_ == Stage::kWriting || stage_ == Stage::kCommitting;
    throw StorageError{writes ? Kind::kInDoubt : Kind::kUnavailable,
                       "the database " + path_.string() + ": " + error.what()};
  }
}

/// Checks that the open file is still the one at the path: data that is written to a removed file is lost with the
/// process.
void SqliteRepository::check_files() const {
  keeper_.check(session_ != nullptr ? std::optional{session_->log} : std::nullopt);
}

/// A reader that stays keeps SQLite from copying its log into the database; the log then grows with every batch.
void SqliteRepository::watch_log() {
  std::error_code error;
  const auto size = std::filesystem::file_size(keeper_.log_path(), error);
  if (!log_ || error || size < kLogExpectedMax) {
    return;
  }
  if (log_grows_.pass(std::chrono::steady_clock::now())) {
    log_({LogLevel::kWarning,
          "log-grows",
          "the write-ahead log cannot be copied into the database, because a reader never pauses",
          {{"file", keeper_.log_path().string()}, {"bytes", std::to_string(size)}}});
  }
}

StoreSurvey SqliteRepository::survey() {
  return perform(Stage::kTakingOver, [&]() -> StoreSurvey {
    std::error_code error;
    if (session_ == nullptr && !std::filesystem::exists(path_, error)) {
      return {};
    }
    const std::unique_ptr<SqliteSession> opened = session_ == nullptr ? open(SQLITE_OPEN_READWRITE) : nullptr;
    SqliteConnection& connection = opened != nullptr ? opened->connection : session_->connection;
    if (!(opened != nullptr ? keeper_.examine(connection) : has_schema(connection))) {
      return {};
    }
    return {read_semesters(connection), read_programs(connection, 0), dti::read_program_changes(connection, 0).changes};
  });
}

void SqliteRepository::apply_settings() {
  SqliteConnection& connection = session_->connection;
  SqliteStatement journal = connection.prepare("PRAGMA journal_mode = WAL");
  const std::string mode = journal.step() ? journal.text(0) : std::string{};
  journal.reset();
  connection.execute(kSettings);
  // Read back: SQLite takes a setting that it does not have without a word.
  constexpr std::int64_t kSynchronousFull = 2;
  if (mode != "wal" || connection.query_integer("PRAGMA synchronous") != kSynchronousFull) {
    throw StorageError{Kind::kRefused, "the database " + path_.string() +
                                           " cannot be made durable (it needs a write-ahead log): use a local disk"};
  }
}

/// Copies the log into the database and empties it, because the epoch of a take-over must be in the database itself.
/// When a sync fails, the operating system forgets the pages that it could not write. They can still be read, but no
/// later sync writes them, and a power loss removes them and all that follows them in the log. The pages that are
/// copied into the database are written and synced as any others.
void SqliteRepository::empty_log() {
  SqliteConnection& connection = session_->connection;
  if (!disk_failed_) {
    connection.on_busy(nullptr, nullptr);  // do not wait for a long reader: the log is intact
  }
  SqliteStatement checkpoint = connection.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
  const bool is_emptied = checkpoint.step() && checkpoint.integer(0) == 0;
  checkpoint.reset();
  if (disk_failed_ && !is_emptied) {
    throw StorageError{Kind::kUnavailable, "the database " + path_.string() +
                                               ": after the disk failed, its write-ahead log must be copied into the"
                                               " database, and another program that uses it is in the way"};
  }
  wait_when_busy(connection);
}

std::variant<Leadership, HeldBy> SqliteRepository::take_over(WallTime at, const Lease& /*lease*/) {
  return perform(Stage::kTakingOver, [&] {
    session_.reset();  // closing and opening recovers what an earlier COMMIT may have left behind
    if (!keeper_.has_file()) keeper_.make_file();
    session_ = open(SQLITE_OPEN_READWRITE | (keeper_.has_file() ? 0 : SQLITE_OPEN_CREATE));
    static_cast<void>(keeper_.examine(session_->connection));
    apply_settings();
    if (disk_failed_) {
      empty_log();
      disk_failed_ = false;
    }
    auto taken = lead(at);
    if (const auto* leadership = std::get_if<Leadership>(&taken)) {
      empty_log();
      // The triggers keep other programs from changing rows. No statement of the server does; a migration may.
      session_->connection.leave_out_triggers();
      session_->prepare();
      session_->log = keeper_.take_over(leadership->semesters);
      holder_.leads(leadership->epoch);
    } else {
      session_.reset();
    }
    return taken;
  });
}

// The process that holds the lock of the file leads until it exits, so there is no lease to renew or to resign.

CommitResult SqliteRepository::renew(Epoch /*epoch*/, std::chrono::milliseconds /*duration*/) {
  return CommitResult::kCommitted;
}

CommitResult SqliteRepository::resign(Epoch /*epoch*/) { return CommitResult::kCommitted; }

StoreWatch SqliteRepository::watch() {
  throw StorageError{Kind::kRefused, "another server took the lead of " + path_.string() +
                                         " although this process has its lock: was the lock file removed?"};
}

/// The transaction of a take-over. @return HeldBy if another server, which must have broken the lock, has taken the
/// lead
std::variant<Leadership, HeldBy> SqliteRepository::lead(WallTime at) {
  SqliteConnection& connection = session_->connection;
  SqliteTransaction transaction{connection};
  const bool is_new = migrate(connection, at).from == 0;
  SqliteStatement select = connection.prepare("SELECT epoch, holder FROM leadership");
  if (!select.step()) {
    throw StorageError{Kind::kCorrupt,
                       "the database " + path_.string() + ": the table leadership does not hold its one row"};
  }
  const Epoch before = select.integer(0);
  const bool was_replaced = holder_.was_replaced(before, select.text(1));
  select.reset();
  if (was_replaced) {
    return HeldBy{before, {}, {}};
  }
  connection.prepare("UPDATE leadership SET epoch = ?, holder = ?, taken_at = ?")
      .bind(before + 1)
      .bind(std::string_view{holder_.text()})
      .bind(stored_time(at))
      .run();
  connection.prepare("UPDATE semester SET epoch = ?").bind(before + 1).run();
  Leadership leadership;
  leadership.epoch = before + 1;
  leadership.semesters = read_semesters(connection);
  check_extents(leadership.semesters);
  leadership.program_count =
      static_cast<std::size_t>(connection.query_integer("SELECT count(*) FROM program").value_or(0));
  leadership.newest_at = WallTime{std::chrono::microseconds{connection.query_integer(kSelectNewestTime).value_or(0)}};
  ChainHeads heads = check_chains(connection, chains_, leadership, at);
  keeper_.mark(connection, leadership.epoch);
  transaction.commit();
  if (heads.store != StoreId{}) chains_.note(std::move(heads), {});
  if (is_new && log_) log_(store_created({{"file", path_.string()}}));
  return leadership;
}

std::optional<UnsealedPart> SqliteRepository::seal_older(Epoch epoch, WallTime at) {
  auto& beginning = chains_.beginning();
  const auto part = beginning ? beginning->next() : std::nullopt;
  if (!part) {
    if (beginning) begin_chains(epoch, at);
    return std::nullopt;
  }
  return perform(Stage::kReading, [&] {
    std::vector<StoredEntry> entries;
    dti::read_entries(session_->connection, part->semester, part->first, part->last,
                      [&](std::vector<StoredEntry> piece) { entries = std::move(piece); });
    beginning->add(*part, entries);
    return part;
  });
}

/// The last step of seal_older(), in one transaction: if this process ends before, the next take-over begins again.
void SqliteRepository::begin_chains(Epoch epoch, WallTime at) {
  perform(Stage::kWriting, [&] {
    SqliteTransaction transaction{session_->connection};
    if (session_->epoch() != epoch) {
      throw StorageError{Kind::kUnavailable, "the database " + path_.string() + ": another server took the lead"};
    }
    auto first = chains_.beginning()->finish();
    const auto events = entries_sealed(first.seals);
    ChainHeads heads = dti::begin_chains(session_->connection, std::move(first), at);
    stage_ = Stage::kCommitting;
    transaction.commit();
    chains_.note(std::move(heads), {});
    if (!log_) return;
    for (const auto& event : events) log_(event);
  });
}

std::vector<CatalogProgram> SqliteRepository::read_catalog(ProgramId after) {
  return perform(Stage::kReading, [&] { return read_programs(session_->connection, after); });
}

ProgramChanges SqliteRepository::read_program_changes(Seq after) {
  return perform(Stage::kReading, [&] { return dti::read_program_changes(session_->connection, after); });
}

CatalogState SqliteRepository::read_catalog_state(const std::string& command_id,
                                                  const std::vector<std::string>& earlier) {
  return perform(Stage::kReading, [&] { return dti::read_catalog_state(session_->connection, command_id, earlier); });
}

void SqliteRepository::read_ledger(SemesterId semester, Seq first, Seq last, Columns columns, const RowSink& sink) {
  perform(Stage::kReading, [&] {
    read_rows(session_->connection, semester, first, last, columns, [&](std::vector<LedgerRow> rows) {
      if (gate_.interrupted()) {
        throw StorageError{Kind::kUnavailable, "reading the ledger was interrupted"};
      }
      return sink(std::move(rows));
    });
  });
}

void SqliteRepository::read_entries(SemesterId semester, Seq first, Seq last, const EntrySink& sink) {
  perform(Stage::kReading, [&] { dti::read_entries(session_->connection, semester, first, last, sink); });
}

void SqliteRepository::read_grant(SemesterId semester, ProgramId program, std::int32_t generation,
                                  const EntrySink& sink) {
  perform(Stage::kReading, [&] { dti::read_grant(session_->connection, semester, program, generation, sink); });
}

bool SqliteRepository::add_programs(Epoch epoch, const std::vector<CatalogProgram>& programs, WallTime at) {
  return perform(Stage::kWriting, [&] {
    SqliteConnection& connection = session_->connection;
    SqliteTransaction transaction{connection};
    if (session_->epoch() != epoch) {
      return false;
    }
    const auto faculties = insert_programs(connection, programs);
    const SealedHead registered = enter(connection, additions_to_registry(programs, faculties), at);
    stage_ = Stage::kCommitting;
    transaction.commit();
    chains_.on_registered(registered);
    return true;
  });
}

CommitResult SqliteRepository::change_catalog(const CatalogChange& change) {
  return perform(Stage::kWriting, [&] {
    SqliteConnection& connection = session_->connection;
    SqliteTransaction transaction{connection};
    const Epoch stored = session_->epoch();
    if (stored > change.epoch) return CommitResult::kReplaced;
    if (stored != change.epoch || read_registry_end(connection) != change.base) return CommitResult::kBaseMoved;
    const auto faculties = insert_programs(connection, change.programs);
    const SealedHead registered = enter(
        connection, entries_by_command(change.programs, change.changes, faculties, change.command_id, change.note),
        change.at);
    insert_notes(connection, kRegistryId, {{registered.seq, change.note}});
    stage_ = Stage::kCommitting;
    transaction.commit();
    chains_.on_registered(registered);
    return CommitResult::kCommitted;
  });
}

Opening SqliteRepository::open_semester(Epoch epoch, const std::string& name, const Capacity& capacity, WallTime at) {
  return perform(Stage::kWriting, [&]() -> Opening {
    SqliteConnection& connection = session_->connection;
    SqliteTransaction transaction{connection};
    if (const Epoch stored = session_->epoch(); stored != epoch) {
      return {stored > epoch ? OpenResult::kReplaced : OpenResult::kBaseMoved};
    }
    SqliteStatement exists = connection.prepare("SELECT 1 FROM semester WHERE name = ?");
    exists.bind(std::string_view{name});
    const bool found = exists.step();
    exists.reset();
    if (found) {
      return {OpenResult::kExists};
    }
    const SemesterId id = connection.query_integer("SELECT max(id) FROM semester").value_or(0) + 1;
    const Seal seal = seal_of_opening(chains_.store(), id, capacity, at);
    connection
        .prepare(
            "INSERT INTO semester (id, name, epoch, head, classrooms_capacity, labs_capacity, conversions_capacity,"
            " classrooms_left, labs_left, conversions_left, sealed_head, seal)"
            " VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?4, ?5, ?6, 1, ?7)")
        .bind(id)
        .bind(std::string_view{name})
        .bind(epoch)
        .bind(capacity.classrooms)
        .bind(capacity.labs)
        .bind(capacity.conversions)
        .bind_bytes(seal.bytes)
        .run();
    connection
        .prepare(
            "INSERT INTO ledger (semester_id, seq, at, kind, classrooms_capacity, labs_capacity, conversions_capacity,"
            " seal) VALUES (?, 1, ?, ?, ?, ?, ?, ?)")
        .bind(id)
        .bind(stored_time(at))
        .bind(std::int64_t{stored_code(EntryKind::kSemesterOpened)})
        .bind(capacity.classrooms)
        .bind(capacity.labs)
        .bind(capacity.conversions)
        .bind_bytes(seal.bytes)
        .run();
    const SealedHead registered = enter(connection, {semester_opened(id, name)}, at);
    stage_ = Stage::kCommitting;
    transaction.commit();
    keeper_.add_entries(1);
    chains_.on_registered(registered);
    chains_.on_opened(id, {1, seal});
    return {OpenResult::kOpened, id};
  });
}

CommitResult SqliteRepository::commit(const Batch& batch) {
  check_batch(batch);
  watch_log();
  return perform(Stage::kWriting, [&] {
    const auto why_not = [&] {
      return session_->epoch() > batch.epoch ? CommitResult::kReplaced : CommitResult::kBaseMoved;
    };
    const auto seal = chains_.seal(batch);  // before the file is locked
    SqliteTransaction transaction{session_->connection};
    if (!seal) return why_not();
    session_->guard_update->bind(batch.entries.back().seq)
        .bind(batch.charged.classrooms)
        .bind(batch.charged.labs)
        .bind(batch.charged.conversions_left)
        .bind_bytes(seal->bytes)
        .bind(batch.semester_id)
        .bind(batch.epoch)
        .bind(batch.base)
        .bind(std::int64_t{greatest_program(batch)})
        .run();
    if (session_->connection.changes() == 0) return why_not();
    session_->insert(batch, *seal);
    stage_ = Stage::kCommitting;
    transaction.commit();
    chains_.on_committed();
    keeper_.add_entries(static_cast<std::int64_t>(batch.entries.size()));
    return CommitResult::kCommitted;
  });
}

CommitResult SqliteRepository::change(const Change& change) {
  check_change(change);
  watch_log();
  return perform(Stage::kWriting, [&] {
    const auto sealed = chains_.seal(change);  // before the file is locked
    SqliteTransaction transaction{session_->connection};
    const Epoch leads = session_->epoch();
    if (leads > change.epoch) return CommitResult::kReplaced;
    if (leads < change.epoch || !sealed || !write_change(session_->connection, change, *sealed)) {
      return CommitResult::kBaseMoved;
    }
    stage_ = Stage::kCommitting;
    transaction.commit();
    chains_.on_changed(change.semester_id, *sealed);
    keeper_.add_entries(static_cast<std::int64_t>(change.entries.size()));
    return CommitResult::kCommitted;
  });
}

CommitResult SqliteRepository::guard(Epoch epoch, std::span<const SemesterGuard> semesters) {
  return perform(Stage::kReading, [&] {
    if (session_->epoch() > epoch) {
      return CommitResult::kReplaced;
    }
    for (const SemesterGuard& guarded : semesters) {
      session_->select_head->bind(guarded.semester_id);
      const bool as_given = session_->select_head->step() && session_->select_head->integer(0) == guarded.head;
      session_->select_head->reset();
      if (!as_given) {
        return CommitResult::kBaseMoved;
      }
    }
    return CommitResult::kCommitted;
  });
}

}  // namespace dti
