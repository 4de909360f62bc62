#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "dti/repository/common/ledger_rows.hpp"
#include "dti/repository/sqlite/open_sqlite.hpp"
#include "repository/sqlite/sqlite_chains.hpp"
#include "repository/sqlite/sqlite_change.hpp"
#include "repository/sqlite/sqlite_handle.hpp"
#include "repository/sqlite/sqlite_session.hpp"
#include "repository/sqlite/store_keeper.hpp"
#include "repository/sqlite/store_lock.hpp"

namespace dti {
namespace {

using Kind = StorageError::Kind;

constexpr std::chrono::milliseconds kRetryInterval{5};

class SqliteHold final : public StoreHold {
 public:
  explicit SqliteHold(const std::filesystem::path& path) : lock_(resolve_path(path)) {}

 private:
  const StoreLock lock_;
};

/// Locks the file as a server does, and commits as a server does: through the write-ahead log, with a sync.
class SqliteFiller final : public StoreFiller {
 public:
  SqliteFiller(const std::filesystem::path& path, std::chrono::milliseconds timeout, WallTime at, CopyWarningSink warn)
      : keeper_(path, {}), timeout_(timeout), warn_(std::move(warn)) {
    perform([&] {
      keeper_.make_file();
      connection_.emplace(keeper_.path().string(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX);
      connection_->on_busy(
          [](void* self, int tries) { return static_cast<SqliteFiller*>(self)->waits_on(tries) ? 1 : 0; }, this);
      static_cast<void>(keeper_.examine(*connection_));
      connection_->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      transaction_.emplace(*connection_);
      migrate(*connection_, at);
      const auto count = [&](const char* sql) { return connection_->query_integer(sql).value_or(0); };
      refuse_filled_store("the database " + keeper_.path().string(), count("SELECT count(*) FROM program"),
                          count("SELECT count(*) FROM semester"), count("SELECT count(*) FROM ledger"));
      connection_->leave_out_triggers();  // they keep other programs from changing rows
      insert_entry_.emplace(*connection_);
    });
  }

  void add_catalog(const std::vector<CatalogProgram>& programs) override {
    perform([&] {
      SqliteStatement insert_faculty = connection_->prepare("INSERT INTO faculty (id, name, key) VALUES (?, ?, ?)");
      SqliteStatement insert =
          connection_->prepare("INSERT INTO program (id, faculty_id, name, key) VALUES (?, ?, ?, ?)");
      std::int64_t last_faculty = 0;
      for (const CatalogProgram& program : programs) {
        if (program.faculty_id > last_faculty) {  // a consistent catalogue numbers them in the order of the programs
          last_faculty = program.faculty_id;
          insert_faculty.bind(last_faculty)
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
    });
  }

  void add_semester(const StoredSemester& semester) override {
    perform([&] {
      connection_
          ->prepare(
              "INSERT INTO semester (id, name, epoch, head, classrooms_capacity, labs_capacity, conversions_capacity,"
              " classrooms_left, labs_left, conversions_left, is_open) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
          .bind(semester.id)
          .bind(std::string_view{semester.name})
          .bind(semester.epoch)
          .bind(semester.head)
          .bind(semester.capacity.classrooms)
          .bind(semester.capacity.labs)
          .bind(semester.capacity.conversions)
          .bind(semester.left.classrooms)
          .bind(semester.left.labs)
          .bind(semester.left.conversions_left)
          .bind(std::int64_t{semester.is_open ? 1 : 0})
          .run();
    });
  }

  void add_entries(SemesterId semester, const std::vector<StoredEntry>& entries) override {
    perform([&] {
      for (const StoredEntry& entry : entries) insert_entry_->add(semester, entry);
    });
  }

  void add_notes(SemesterId semester, const std::map<Seq, CommandNote>& notes) override {
    perform([&] { insert_notes(*connection_, semester, notes); });
  }

  void add_registry(const std::vector<RegistryEntry>& entries) override {
    perform([&] { insert_registry(*connection_, entries); });
  }

  void set_chain_heads(const ChainHeads& heads) override {
    perform([&] { write_chain_heads(*connection_, heads); });
  }

  Epoch commit(Epoch epoch, WallTime at) override {
    Epoch committed = 0;
    perform([&] {
      connection_->prepare("UPDATE leadership SET epoch = max(epoch, ?), holder = ?, taken_at = ?")
          .bind(epoch)
          .bind(kCopyHolder)
          .bind(stored_time(at))
          .run();
      committed = connection_->query_integer("SELECT epoch FROM leadership").value();
      insert_entry_.reset();
      transaction_->commit();
      transaction_.reset();
    });
    empty_log();
    return committed;
  }

 private:
  /// Makes the file complete without its write-ahead log. The copy is stored with that log too.
  void empty_log() {
    std::string reason = "another process reads the file";
    try {
      if (connection_->query_integer("PRAGMA wal_checkpoint(TRUNCATE)") == 0) return;
    } catch (const SqliteError& error) {
      reason = error.what();
    }
    warn_("the copy is stored, but a part of it may still be in its write-ahead log (" + reason + "): if " +
          keeper_.log_path().string() + " exists, keep it beside the file");
  }

  template <class Call>
  void perform(Call call) {
    try {
      call();
    } catch (const SqliteError& error) {
      const Kind kind = error.code() == SQLITE_CONSTRAINT ? Kind::kInvariant
                        : error.code() == SQLITE_NOTADB   ? Kind::kRefused
                                                          : Kind::kUnavailable;
      throw StorageError{kind, "the database " + keeper_.path().string() + ": " + error.what()};
    }
  }

  bool waits_on(int tries) {
    const auto now = std::chrono::steady_clock::now();
    if (tries == 0) wait_until_ = now + timeout_;
    if (now >= wait_until_) return false;
    std::this_thread::sleep_for(kRetryInterval);
    return true;
  }

  StoreKeeper keeper_;  // outlives the connection
  const std::chrono::milliseconds timeout_;
  const CopyWarningSink warn_;
  SteadyTime wait_until_;
  std::optional<SqliteConnection> connection_;
  std::optional<SqliteTransaction> transaction_;
  std::optional<SqliteEntryInsert> insert_entry_;
};

}  // namespace

std::unique_ptr<StoreFiller> open_sqlite_filler(const std::filesystem::path& path, std::chrono::milliseconds timeout,
                                                WallTime at, CopyWarningSink warn) {
  return std::make_unique<SqliteFiller>(path, timeout, at, std::move(warn));
}

std::unique_ptr<StoreHold> hold_sqlite(const std::filesystem::path& path) { return std::make_unique<SqliteHold>(path); }

}  // namespace dti
