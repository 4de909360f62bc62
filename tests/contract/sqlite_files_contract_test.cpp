// What the SQLite store makes of files that were moved, copied, linked or lost between two servers, or under one.
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "contract/store_fixture.hpp"
#include "dti/repository/open/open_repository.hpp"
#include "dti/repository/open/open_snapshot.hpp"
#include "dti/service/ledger/verify.hpp"
#include "repository/sqlite/sqlite_files.hpp"
#include "repository/sqlite/sqlite_handle.hpp"
#include "repository/sqlite/store_lock.hpp"
#include "repository/sqlite/store_mark.hpp"

namespace dti::contract {
namespace {

namespace fs = std::filesystem;
using Kind = StorageError::Kind;

std::string bytes_of(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

/// The file keeps its inode.
void write_over(const fs::path& path, const std::string& bytes) { std::ofstream{path, std::ios::binary} << bytes; }

fs::path with(const fs::path& path, const char* suffix) { return path.string() + suffix; }

/// As another program that may write closes it: its log is copied into it and removed.
void open_and_close(const fs::path& path) {
  SqliteConnection client{path.string(), SQLITE_OPEN_READWRITE};
  static_cast<void>(client.query_integer("SELECT count(*) FROM ledger"));
}

void replace_by_a_copy(const fs::path& path) {
  fs::copy_file(path, with(path, ".copy"));
  fs::rename(with(path, ".copy"), path);
}

class SqliteFiles : public StoreTest {
 protected:
  fs::path file() const { return backend_->where(); }

  std::unique_ptr<Repository> open(const fs::path& path) {
    events_.clear();
    return open_repository(SqliteStoreAddress{path}, std::chrono::milliseconds{50},
                           [this](const LogEvent& event) { events_.push_back(event.event); });
  }

  /// The path of a store of a semester and two grants, as its server leaves it when it is killed.
  fs::path killed_store() {
    const fs::path path = file().parent_path() / std::to_string(++stores_) / "dti.db";
    repository_ = open(path);
    start();
    repository_.reset();
    fs::copy_file(path, with(path, ".stopped"));
    repository_ = open(path);
    epoch_ = lead().epoch;
    EXPECT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted);
    {
      SqliteConnection client{path.string(), SQLITE_OPEN_READONLY};
      client.execute(("VACUUM INTO '" + with(path, ".backup").string() + "'").c_str());
    }
    EXPECT_EQ(repository_->commit(grants({{2, {7, 2}}})), CommitResult::kCommitted);
    const std::string database = bytes_of(path);
    const std::string log = bytes_of(with(path, "-wal"));
    const std::string lock = bytes_of(with(path, ".lock"));
    repository_.reset();
    write_over(path, database);
    write_over(with(path, "-wal"), log);
    write_over(with(path, ".lock"), lock);
    return path;
  }

  bool was_told(const char* event) const { return std::find(events_.begin(), events_.end(), event) != events_.end(); }

  /// What dtictl verify finds wrong; empty: nothing.
  static std::string look(const fs::path& path) {
    std::string difference;
    const std::string refusal = failure_text([&] {
      const auto snapshot = open_snapshot(SqliteStoreAddress{path}, std::chrono::milliseconds{50});
      const VerifyReport report = verify(*snapshot, [](const VerifyProgress&) {});
      difference = report.unreadable.value_or(report.fits() ? "" : "a difference");
    });
    return refusal.empty() ? difference : refusal;
  }

  std::vector<std::string> events_;
  int stores_ = 0;
};
INSTANTIATE_TEST_SUITE_P(File, SqliteFiles, testing::Values(sqlite_backend()), name_of_backend());

TEST_P(SqliteFiles, AfterAKillAreTakenIfNothingIsMissingAndElseRefused) {
  struct Case {
    const char* name;
    std::function<fs::path(const fs::path&)> deed;  // gives the path for the next server
    Seq head;                                       // of the semester; 0: refused
    const char* text;                               // of the refusal
    bool is_a_copy;
  };
  const auto here = [](const std::function<void(const fs::path&)>& deed) {
    return [deed](const fs::path& path) {
      deed(path);
      return path;
    };
  };
  const auto to_another_folder = [](const std::function<void(const fs::path&, const fs::path&)>& deed) {
    return [deed](const fs::path& path) {
      const fs::path other = path.parent_path() / "other";
      fs::create_directory(other);
      deed(path, other);
      return other / path.filename();
    };
  };
  const Case cases[] = {
      {"nothing", here([](const fs::path&) {}), 3, "", false},
      {"read and closed by another program", here(open_and_close), 3, "", false},
      {"the lock file removed", here([](const fs::path& path) { fs::remove(with(path, ".lock")); }), 3, "", false},
      {"the whole folder copied",
       [](const fs::path& path) {
         fs::copy(path.parent_path(), with(path.parent_path(), " copy"), fs::copy_options::recursive);
         return with(path.parent_path(), " copy") / path.filename();
       },
       3, "", false},
      {"moved with its log", to_another_folder([](const fs::path& path, const fs::path& other) {
         fs::rename(path, other / path.filename());
         fs::rename(with(path, "-wal"), with(other / path.filename(), "-wal"));
       }),
       3, "", false},
      {"a backup put in its place", here([](const fs::path& path) {
         fs::remove(with(path, "-wal"));
         fs::rename(with(path, ".backup"), path);
       }),
       2, "", false},
      {"a backup copied over it", here([](const fs::path& path) {
         fs::remove(with(path, "-wal"));
         write_over(path, bytes_of(with(path, ".backup")));
       }),
       2, "", false},
      {"replaced by a copy of itself without its log", here([](const fs::path& path) {
         fs::remove(with(path, "-wal"));
         replace_by_a_copy(path);
       }),
       1, "", true},

      {"a backup put in its place beside its log",
       here([](const fs::path& path) { fs::rename(with(path, ".backup"), path); }), 0, "belongs to another database",
       false},
      {"an older copy put in its place beside its log",
       here([](const fs::path& path) { fs::rename(with(path, ".stopped"), path); }), 0, "does not fit its", false},
      {"removed without its log", here([](const fs::path& path) { fs::remove(path); }), 0,
       "no database to which it belongs", false},
      {"emptied", here([](const fs::path& path) { fs::resize_file(path, 0); }), 0, "no database to which it belongs",
       false},

      {"its log removed", here([](const fs::path& path) { fs::remove(with(path, "-wal")); }), 0, "write-ahead log",
       false},
      {"its log emptied", here([](const fs::path& path) { fs::resize_file(with(path, "-wal"), 0); }), 0,
       "had at least 3", false},
      {"its log and the lock file removed", here([](const fs::path& path) {
         fs::remove(with(path, "-wal"));
         fs::remove(with(path, ".lock"));
       }),
       0, "dti.db-wal is not beside it", false},
      {"moved without its log", to_another_folder([](const fs::path& path, const fs::path& other) {
         fs::rename(path, other / path.filename());
       }),
       0, "dti.db-wal is not beside it", false},
  };
  for (const Case& each : cases) {
    const fs::path path = each.deed(killed_store());
    const bool is_refused = *each.text != '\0';
    for (int tries = 0; tries < (is_refused ? 3 : 1); ++tries) {  // it stays refused
      const std::string seen = look(path);
      EXPECT_EQ(!seen.empty(), is_refused) << each.name << ": " << seen;
      for (const auto& use : std::vector<std::function<void(Repository&)>>{
               [](Repository& store) { static_cast<void>(store.survey()); },
               [&](Repository& store) {
                 const Leadership leadership = take(store).value();
                 EXPECT_EQ(leadership.semesters.at(0).head, each.head) << each.name;
                 EXPECT_EQ(was_told("store-is-a-copy"), each.is_a_copy) << each.name;
               }}) {
        const std::string text = failure_text([&] { use(*open(path)); });
        EXPECT_EQ(!text.empty(), is_refused) << each.name << ": " << text;
        EXPECT_NE(text.find(each.text), std::string::npos) << each.name << ": " << text;
      }
    }
  }
}

TEST_P(SqliteFiles, ThatABackupWasWrittenOverAreTakenAgainIfTheServerIsKilledInItsTakeOver) {
  for (const char* backup : {".backup", ".stopped"}) {  // of fewer entries than the lock file notes
    const fs::path path = killed_store();
    fs::remove(with(path, "-wal"));
    write_over(path, bytes_of(with(path, backup)));
    const auto head = open(path)->survey().semesters.at(0).head;
    {
      // As far as the take-over gets: the file has a write-ahead log and the mark of its next epoch.
      SqliteConnection server{path.string(), SQLITE_OPEN_READWRITE};
      server.execute("PRAGMA journal_mode = WAL");
      server.execute("UPDATE leadership SET epoch = epoch + 1");
      const Epoch epoch = server.query_integer("SELECT epoch FROM leadership").value_or(0);
      server.execute(("PRAGMA user_version = " + std::to_string(mark_of(look_at_file(path), epoch))).c_str());
    }
    EXPECT_EQ(look(path), "") << backup;
    EXPECT_EQ(take(*open(path)).value().semesters.at(0).head, head) << backup;
  }
}

TEST_P(SqliteFiles, AreNotHeldByAProgramThatAsksWhetherAServerHasThem) {
  repository_.reset();
  std::atomic<bool> has_begun{false};
  std::atomic<bool> is_done{false};
  std::thread verifier{[&] {
    while (!is_done) {
      static_cast<void>(probe_lock(file()));
      has_begun = true;
    }
  }};
  while (!has_begun) {
    std::this_thread::yield();
  }
  for (int starts = 0; starts < 1'000; ++starts) {
    EXPECT_EQ(failure_text([&] { static_cast<void>(open(file())); }), "");
  }
  is_done = true;
  verifier.join();
}

TEST_P(SqliteFiles, WhoseServerHasNoIndexYetAreReadAsSoonAsItHas) {
  constexpr std::chrono::milliseconds kShort{50};
  repository_.reset();
  repository_ = open(file());
  start();
  repository_.reset();
  const StoreLock server{file()};
  fs::create_symlink("nowhere", with(file(), "-shm"));  // cannot be opened
  const auto before = std::chrono::steady_clock::now();
  const auto text = failure_text([&] { static_cast<void>(open_snapshot(SqliteStoreAddress{file()}, kShort)); });
  EXPECT_GE(std::chrono::steady_clock::now() - before, kShort);
  EXPECT_NE(text.find("write-ahead log cannot be used"), std::string::npos) << text;
  fs::remove(with(file(), "-shm"));
  EXPECT_EQ(look(file()), "");
}

TEST_P(SqliteFiles, AfterAStopInOrderAreTakenWhereverTheyAre) {
  repository_.reset();
  repository_ = open(file());
  start();
  repository_.reset();
  EXPECT_FALSE(fs::exists(with(file(), "-wal")));
  const fs::path other = file().parent_path() / "other";
  fs::create_directory(other);
  fs::copy_file(file(), other / "copied.db");
  fs::rename(file(), other / "moved.db");
  for (const char* name : {"copied.db", "moved.db"}) {
    EXPECT_EQ(take(*open(other / name)).value().semesters.at(0).head, 1) << name;
    EXPECT_FALSE(was_told("store-is-a-copy")) << name;
  }
}

TEST_P(SqliteFiles, WithAnotherNameAreRefusedAtAStartAndUnderAServer) {
  repository_.reset();
  repository_ = open(file());
  start();
  const Batch batch = grants({{1, {7, 2}}});
  fs::create_hard_link(file(), file().parent_path() / "other.db");
  EXPECT_NE(failure_text([&] { static_cast<void>(repository_->commit(batch)); }).find("hard links"), std::string::npos);
  repository_.reset();
  for (const fs::path& path : {file(), file().parent_path() / "other.db"}) {
    EXPECT_EQ(failure_of([&] { static_cast<void>(open(path)); }), Kind::kRefused);
    EXPECT_NE(failure_text([&] { static_cast<void>(open(path)); }).find("hard links"), std::string::npos);
  }
  EXPECT_FALSE(fs::exists(file().parent_path() / "other.db.lock"));
  fs::remove(file().parent_path() / "other.db");
  EXPECT_EQ(take(*open(file())).value().semesters.at(0).head, 1);
}

TEST_P(SqliteFiles, WhoseFolderMayNotBeSearchedForAWhileAreUnavailableAndNotTakenForRemovedOnes) {
  constexpr uid_t kNobody = 65534;
  repository_.reset();
  repository_ = open(file());
  start();
  Batch batch = grants({{1, {7, 2}}});
  const fs::path folder = file().parent_path();
  fs::permissions(folder, fs::perms::none);
  const bool is_root = ::geteuid() == 0;
  ASSERT_EQ(is_root ? ::seteuid(kNobody) : 0, 0);  // root may search any folder
  StorageError::Kind kind{};
  const std::string text = failure_text([&] {
    try {
      static_cast<void>(repository_->commit(batch));
    } catch (const StorageError& error) {
      kind = error.kind();
      throw;
    }
  });
  ASSERT_EQ(is_root ? ::seteuid(0) : 0, 0);
  fs::permissions(folder, fs::perms::owner_all);
  EXPECT_EQ(kind, Kind::kUnavailable);
  EXPECT_NE(text.find("cannot be read (Permission denied)"), std::string::npos) << text;
  batch.epoch = lead().epoch;
  EXPECT_EQ(repository_->commit(batch), CommitResult::kCommitted);
}

TEST_P(SqliteFiles, ThatAreLinksOrFoldersInTheLogsPlaceAreRefusedByName) {
  repository_.reset();
  fs::remove(with(file(), ".lock"));
  for (const char* suffix : {"-wal", "-shm", ".lock"}) {
    fs::create_symlink("elsewhere", with(file(), suffix));
    const std::string text = failure_text([&] { static_cast<void>(open(file())); });
    EXPECT_NE(text.find(with(file(), suffix).string() + " is a symbolic link"), std::string::npos) << text;
    fs::remove(with(file(), suffix));
  }
  EXPECT_FALSE(fs::exists(file().parent_path() / "elsewhere"));
}

}  // namespace
}  // namespace dti::contract
