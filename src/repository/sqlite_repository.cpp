#include "repository/sqlite_repository.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "repository/ledger_rows.hpp"
#include "repository/sql_text.hpp"
#include "repository/sqlite_handle.hpp"
#include "repository/sqlite_session.hpp"

namespace dti {
namespace {

using Kind = StorageError::Kind;

std::filesystem::path prepare_path(const std::filesystem::path& path) {
  std::filesystem::path resolved = resolve_path(path);
  std::error_code error;
  if (std::filesystem::is_directory(resolved, error)) {
    error = std::make_error_code(std::errc::is_a_directory);
  } else {
    std::filesystem::create_directories(resolved.parent_path(), error);
  }
  if (error) {
    throw StorageError{Kind::kRefused, "cannot use the database " + resolved.string() + ": " + error.message()};
  }
  return resolved;
}

}  // namespace

SqliteRepository::SqliteRepository(const std::filesystem::path& path, std::chrono::milliseconds timeout)
    : path_(prepare_path(path)), timeout_(timeout), lock_(path_) {}

SqliteRepository::~SqliteRepository() = default;

std::unique_ptr<SqliteSession> SqliteRepository::open(int flags) {
  auto session = std::make_unique<SqliteSession>(SqliteConnection{path_.string(), flags});
  session->connection.on_busy(
      [](void* self, int tries) { return static_cast<SqliteRepository*>(self)->waits_on(tries) ? 1 : 0; }, this);
  return session;
}

/// SQLite asks this again and again while somebody else's lock is in the way.
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
  switch (code) {
    case SQLITE_CONSTRAINT: return Kind::kInvariant;
    case SQLITE_CORRUPT: return Kind::kCorrupt;
    case SQLITE_NOTADB: return stage_ == Stage::kTakingOver ? Kind::kRefused : Kind::kCorrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Kind::kUnavailable;
    case SQLITE_ERROR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      if (stage_ == Stage::kTakingOver) {
        return Kind::kRefused;
      }
      [[fallthrough]];
    default: return stage_ == Stage::kWriting || stage_ == Stage::kCommitting ? Kind::kRejected : Kind::kUnavailable;
  }
}

StorageError SqliteRepository::translate(const SqliteError& error) {
  const std::string text = "the database " + path_.string() + ": " + error.what();
  // A COMMIT that was busy or had no room is rolled back; of any other failure only a recovery tells. The same holds
  // for a transaction that could not be rolled back.
  const bool in_doubt = (stage_ == Stage::kCommitting && error.code() != SQLITE_BUSY && error.code() != SQLITE_FULL) ||
                        (session_ != nullptr && session_->connection.in_transaction());
  if (stage_ == Stage::kTakingOver || in_doubt) {
    session_.reset();
  }
  return {in_doubt && stage_ != Stage::kTakingOver ? Kind::kInDoubt : kind_of(error.code()), text};
}

template <class Call>
auto SqliteRepository::perform(Stage stage, Call call) -> decltype(call()) {
  const CallGate::Scope scope{gate_};
  stage_ = stage;
  if (session_ == nullptr && stage != Stage::kTakingOver) {
    throw StorageError{Kind::kUnavailable, "the database " + path_.string() + " is not open: take over first"};
  }
  try {
    return call();
  } catch (const StorageError&) {
    if (stage == Stage::kTakingOver) {
      session_.reset();
    }
    throw;
  } catch (const SqliteError& error) {
    throw translate(error);
  }
}

std::optional<StoredSemester> SqliteRepository::inspect(const std::string& semester_name) {
  return perform(Stage::kTakingOver, [&]() -> std::optional<StoredSemester> {
    std::error_code error;
    if (session_ == nullptr && !std::filesystem::exists(path_, error)) {
      return std::nullopt;
    }
    const std::unique_ptr<SqliteSession> opened = session_ == nullptr ? open(SQLITE_OPEN_READWRITE) : nullptr;
    SqliteConnection& connection = opened != nullptr ? opened->connection : session_->connection;
    if (!has_schema(connection)) {
      return std::nullopt;
    }
    SqliteStatement select = connection.prepare(std::string{kSelectSemesters} + "WHERE s.name = ?");
    select.bind(std::string_view{semester_name});
    return select.step() ? std::optional{read_semester(select)} : std::nullopt;
  });
}

void SqliteRepository::apply_settings() {
  SqliteConnection& connection = session_->connection;
  SqliteStatement journal = connection.prepare("PRAGMA journal_mode = WAL");
  const std::string mode = journal.step() ? journal.text(0) : std::string{};
  journal.reset();
  connection.execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
  // Read back: SQLite takes a setting that it does not have without a word.
  constexpr std::int64_t kSynchronousFull = 2;
  if (mode != "wal" || connection.query_integer("PRAGMA synchronous") != kSynchronousFull ||
      connection.query_integer("PRAGMA foreign_keys") != 1) {
    session_.reset();
    throw StorageError{Kind::kRefused, "the database " + path_.string() +
                                           " cannot be made durable (it needs a write-ahead log): use a local disk"};
  }
}

Leadership SqliteRepository::take_over(WallTime at) {
  return perform(Stage::kTakingOver, [&] {
    session_.reset();  // closing and opening recovers what an earlier COMMIT may have left behind
    session_ = open(SQLITE_OPEN_READWRITE | (has_led_ ? 0 : SQLITE_OPEN_CREATE));
    apply_settings();
    SqliteConnection& connection = session_->connection;
    SqliteTransaction transaction{connection};
    migrate(connection, at);
    connection.prepare("UPDATE leadership SET epoch = epoch + 1, holder = ?, taken_at = ?")
        .bind(std::string_view{holder_text()})
        .bind(stored_time(at))
        .run();
    connection.execute("UPDATE semester SET epoch = (SELECT epoch FROM leadership) WHERE is_open");
    Leadership leadership;
    leadership.epoch = connection.query_integer("SELECT epoch FROM leadership").value_or(0);
    SqliteStatement select = connection.prepare(std::string{kSelectSemesters} + "WHERE s.is_open ORDER BY s.id");
    while (select.step()) {
      leadership.semesters.push_back(read_semester(select));
    }
    select.reset();
    transaction.commit();
    session_->prepare();
    has_led_ = true;
    return leadership;
  });
}

std::vector<CatalogProgram> SqliteRepository::read_catalog(ProgramId after) {
  return perform(Stage::kReading, [&] {
    SqliteStatement select =
        session_->connection.prepare(std::string{kSelectPrograms} + "WHERE p.id > ? ORDER BY p.id");
    select.bind(std::int64_t{after});
    std::vector<CatalogProgram> programs;
    while (select.step()) {
      programs.push_back({.id = static_cast<ProgramId>(select.integer(0)),
                          .faculty_id = static_cast<FacultyId>(select.integer(1)),
                          .faculty_name = select.text(2),
                          .faculty_key = select.text(3),
                          .name = select.text(4),
                          .key = select.text(5)});
    }
    return programs;
  });
}

void SqliteRepository::read_ledger(SemesterId semester, Seq after, Seq last,
                                   const std::function<void(std::vector<LedgerEntry>)>& sink) {
  perform(Stage::kReading, [&] {
    SqliteStatement select = session_->connection.prepare(
        std::string{kSelectEntries} + "WHERE semester_id = ? AND seq > ? AND seq <= ? ORDER BY seq");
    for (Seq read = after; read < last;) {
      const Seq end = std::min<Seq>(last, read + kLedgerPieceEntries);
      std::vector<LedgerEntry> piece;
      piece.reserve(static_cast<std::size_t>(end - read));
      select.bind(semester).bind(read).bind(end);
      while (select.step()) {
        piece.push_back(read_entry(semester, select));
        if (piece.back().seq != ++read) {
          throw_missing_entry(semester, read);
        }
      }
      select.reset();
      if (read != end) {
        throw_missing_entry(semester, read + 1);
      }
      sink(std::move(piece));
      if (gate_.interrupted()) {
        throw StorageError{Kind::kUnavailable, "reading the ledger was interrupted"};
      }
    }
  });
}

bool SqliteRepository::add_programs(Epoch epoch, const std::vector<CatalogProgram>& programs) {
  return perform(Stage::kWriting, [&] {
    SqliteConnection& connection = session_->connection;
    SqliteTransaction transaction{connection};
    if (session_->epoch() != epoch) {
      return false;
    }
    auto last_program = connection.query_integer("SELECT max(id) FROM program").value_or(0);
    auto last_faculty = connection.query_integer("SELECT max(id) FROM faculty").value_or(0);
    SqliteStatement insert_faculty = connection.prepare("INSERT INTO faculty (id, name, key) VALUES (?, ?, ?)");
    SqliteStatement insert = connection.prepare("INSERT INTO program (id, faculty_id, name, key) VALUES (?, ?, ?, ?)");
    for (const CatalogProgram& program : programs) {
      if (program.id != ++last_program) {
        throw StorageError{Kind::kInvariant,
                           "program " + std::to_string(program.id) + " does not continue the catalogue"};
      }
      if (program.faculty_id == last_faculty + 1) {
        insert_faculty.bind(++last_faculty)
            .bind(std::string_view{program.faculty_name})
            .bind(std::string_view{program.faculty_key})
            .run();
      }
      insert.bind(std::int64_t{program.id})
          .bind(std::int64_t{program.faculty_id})
          .bind(std::string_view{program.name})
          .bind(std::string_view{program.key})
          .run();
    }
    stage_ = Stage::kCommitting;
    transaction.commit();
    return true;
  });
}

OpenResult SqliteRepository::open_semester(Epoch epoch, const std::string& name, const Capacity& capacity,
                                           WallTime at) {
  return perform(Stage::kWriting, [&] {
    SqliteConnection& connection = session_->connection;
    SqliteTransaction transaction{connection};
    if (session_->epoch() != epoch) {
      return OpenResult::kReplaced;
    }
    SqliteStatement exists = connection.prepare("SELECT 1 FROM semester WHERE name = ?");
    exists.bind(std::string_view{name});
    const bool found = exists.step();
    exists.reset();
    if (found) {
      return OpenResult::kExists;
    }
    const SemesterId id = connection.query_integer("SELECT max(id) FROM semester").value_or(0) + 1;
    connection
        .prepare(
            "INSERT INTO semester (id, name, epoch, head, classrooms_capacity, labs_capacity, conversions_capacity,"
            " classrooms_left, labs_left, conversions_left) VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?4, ?5, ?6)")
        .bind(id)
        .bind(std::string_view{name})
        .bind(epoch)
        .bind(capacity.classrooms)
        .bind(capacity.labs)
        .bind(capacity.conversions)
        .run();
    connection
        .prepare(
            "INSERT INTO ledger (semester_id, seq, at, kind, classrooms_capacity, labs_capacity, conversions_capacity)"
            " VALUES (?, 1, ?, ?, ?, ?, ?)")
        .bind(id)
        .bind(stored_time(at))
        .bind(std::int64_t{stored_code(EntryKind::kSemesterOpened)})
        .bind(capacity.classrooms)
        .bind(capacity.labs)
        .bind(capacity.conversions)
        .run();
    stage_ = Stage::kCommitting;
    transaction.commit();
    return OpenResult::kOpened;
  });
}

CommitResult SqliteRepository::commit(const Batch& batch) {
  check_batch(batch);
  return perform(Stage::kWriting, [&] {
    SqliteTransaction transaction{session_->connection};
    session_->guard_update->bind(batch.entries.back().seq)
        .bind(batch.charged.classrooms)
        .bind(batch.charged.labs)
        .bind(batch.charged.conversions_left)
        .bind(batch.semester_id)
        .bind(batch.epoch)
        .bind(batch.base)
        .run();
    if (session_->connection.changes() == 0) {
      return session_->epoch() > batch.epoch ? CommitResult::kReplaced : CommitResult::kBaseMoved;
    }
    for_each_entry(batch, [&](const LedgerEntry& entry, const std::optional<std::string>& request_id) {
      session_->insert_grant->bind(batch.semester_id)
          .bind(stored_time(batch.at))
          .bind(entry.seq)
          .bind(std::int64_t{entry.program_id})
          .bind(std::int64_t{entry.generation})
          .bind(entry.want.classrooms)
          .bind(entry.want.labs)
          .bind(entry.grant.classrooms)
          .bind(entry.grant.labs)
          .bind(entry.grant.mobile_labs)
          .bind(std::int64_t{stored_code(entry.kind)})
          .bind(std::int64_t{status_code(entry)})
          .bind(request_id)
          .run();
    });
    stage_ = Stage::kCommitting;
    transaction.commit();
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
