// What only a SQLite file can do to us.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contract/store_fixture.hpp"
#include "dti/repository/open/open_repository.hpp"

namespace dti::contract {
namespace {

using Kind = StorageError::Kind;
constexpr std::chrono::milliseconds kShort{50};

class SqliteContract : public StoreTest {
 protected:
  /// A batch of one message with `count` grants of nothing, each to another of its five programs or generations.
  Batch large_batch(std::size_t count, std::string request_id) {
    Batch batch = grants({});
    for (std::size_t i = 0; i < count; ++i) {
      LedgerEntry entry;
      entry.seq = semester_.last_entry = ++semester_.head;
      entry.program_id = static_cast<ProgramId>(i % 5) + 1;
      entry.generation = static_cast<std::int32_t>(entry.seq);
      batch.entries.push_back(entry);
    }
    batch.messages = {{std::move(request_id), static_cast<std::uint32_t>(count)}};
    return batch;
  }
  std::uintmax_t log_size() const { return std::filesystem::file_size(file().string() + "-wal"); }

  std::filesystem::path file() const { return backend_->where(); }
  static std::unique_ptr<Repository> open(const std::filesystem::path& path) {
    return open_repository(SqliteStoreAddress{path}, kShort);
  }
};
INSTANTIATE_TEST_SUITE_P(File, SqliteContract, testing::Values(sqlite_backend()), name_of_backend());

TEST_P(SqliteContract, ALogThatAReaderKeepsFromBeingCopiedIsToldOfOnce) {
  std::vector<LogEvent> events;
  repository_.reset();
  repository_ = open_repository(SqliteStoreAddress{file()}, kShort, [&](const LogEvent& event) {
    if (event.event == "log-grows") events.push_back(event);
  });
  start();
  const auto reader = backend_->connect();
  reader->run("BEGIN");
  reader->run("SELECT count(*) FROM ledger");
  for (int i = 0; i < 100 && events.empty(); ++i) {
    ASSERT_EQ(repository_->commit(large_batch(20'000, "r")), CommitResult::kCommitted);
  }
  ASSERT_EQ(repository_->commit(large_batch(1, "r")), CommitResult::kCommitted);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].event, "log-grows");
  EXPECT_GT(log_size(), 32U * 1024 * 1024);
  reader->run("COMMIT");
}

TEST_P(SqliteContract, ASecondOpenerIsRefusedAndToldWhoHoldsTheFile) {
  const auto open_again = [&] { open(file()); };
  EXPECT_EQ(failure_of(open_again), Kind::kRefused);
  const std::string text = failure_text(open_again);
  EXPECT_NE(text.find("pid " + std::to_string(::getpid()) + " since 20"), std::string::npos) << text;
  EXPECT_NE(text.find(file().string()), std::string::npos) << text;
}

TEST_P(SqliteContract, TheLockSurvivesAReconnectAndAnotherOpenAndClose) {
  start();
  static_cast<void>(take(*repository_));
  ::close(::open((file().string() + ".lock").c_str(), O_RDWR | O_CLOEXEC));
  ::close(::open(file().c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_EQ(failure_of([&] { open(file()); }), Kind::kRefused);
  repository_.reset();
  EXPECT_EQ(take(*open(file()))->epoch, epoch_ + 2);
}

TEST_P(SqliteContract, OneFileHasOneLockWhateverItIsCalled) {
  repository_.reset();  // the file is not there yet
  const std::filesystem::path link = file().parent_path() / "link.db";
  std::filesystem::create_symlink(file().filename(), link);
  const auto by_link = open(link);
  EXPECT_EQ(failure_of([&] { open(file()); }), Kind::kRefused);
  EXPECT_EQ(failure_of([&] { open(file().parent_path() / "." / "link.db"); }), Kind::kRefused);
  EXPECT_EQ(take(*by_link)->epoch, 1);
  EXPECT_TRUE(std::filesystem::exists(file()));
}

TEST_P(SqliteContract, ASurveyMakesNoFile) {
  EXPECT_TRUE(repository_->survey().semesters.empty());
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_P(SqliteContract, APathThatCannotBeADatabaseIsRefusedByName) {
  const std::filesystem::path folder = file().parent_path();
  const std::filesystem::path text = folder / "notes.txt";
  std::ofstream{text} << std::string(4096, 'x');
  std::filesystem::create_symlink("loop", folder / "loop");
  const std::filesystem::path paths[] = {folder, text, text / "dti.db", "/proc/dti/dti.db", folder / "loop"};
  for (const auto& path : paths) {
    const auto use = [&] { static_cast<void>(take(*open(path))); };
    EXPECT_EQ(failure_of(use), Kind::kRefused) << path;
    EXPECT_NE(failure_text(use).find(path.string()), std::string::npos) << failure_text(use);
  }
}

TEST_P(SqliteContract, AFileThatIsDamagedIsCorrupt) {
  start();
  repository_.reset();
  std::filesystem::resize_file(file(), std::filesystem::file_size(file()) / 2);
  repository_ = backend_->open();
  EXPECT_EQ(failure_of([&] {
              static_cast<void>(take(*repository_));
              read_all(*repository_, 1, 0, 1);
            }),
            Kind::kCorrupt);
}

TEST_P(SqliteContract, AFileThatIsGoneAfterTheStartIsNotMadeAnew) {
  start();
  for (const char* const suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(file().string() + suffix);
  }
  EXPECT_EQ(failure_of([&] { static_cast<void>(take(*repository_)); }), Kind::kRefused);
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_P(SqliteContract, AFileThatIsTakenAwayUnderTheServerIsNoticedByTheNextCall) {
  using Path = std::filesystem::path;
  const std::vector<std::pair<const char*, std::function<void(const Path&)>>> deeds = {
      {"removed", [](const Path& path) { std::filesystem::remove(path); }},
      {"replaced by a backup",
       [](const Path& path) {
         std::filesystem::copy_file(path, path.string() + ".backup");
         std::filesystem::rename(path.string() + ".backup", path);
       }},
      {"moved away", [](const Path& path) { std::filesystem::rename(path, path.string() + ".old"); }},
      {"without its log", [](const Path& path) { std::filesystem::remove(path.string() + "-wal"); }},
      {"with its folder", [](const Path& path) { std::filesystem::remove_all(path.parent_path()); }},
  };
  using Call = std::function<void(Repository&, const Batch&)>;
  const std::vector<std::pair<const char*, Call>> calls = {
      {"commit", [](Repository& store, const Batch& batch) { static_cast<void>(store.commit(batch)); }},
      {"guard", [](Repository& store, const Batch& batch) { static_cast<void>(store.guard(batch.epoch, {})); }},
      {"survey", [](Repository& store, const Batch&) { static_cast<void>(store.survey()); }},
      {"take_over", [](Repository& store, const Batch&) { static_cast<void>(take(store)); }},
  };
  int number = 0;
  for (const auto& [deed, take_away] : deeds) {
    for (const auto& [name, call] : calls) {
      const Path path = file().parent_path() / std::to_string(++number) / "dti.db";
      repository_ = open(path);
      start();
      const Batch batch = grants({{1, {7, 2}}});
      take_away(path);
      EXPECT_EQ(failure_of([&, &asked = call] { asked(*repository_, batch); }), Kind::kRefused) << deed << ", " << name;
    }
  }
}

TEST_P(SqliteContract, SomebodyElsesWriteLockIsWaitedForNotForEver) {
  start();
  repository_.reset();
  repository_ = open(file());
  epoch_ = lead().epoch;
  const auto client = backend_->connect();
  client->run("BEGIN IMMEDIATE");
  for (const auto& call :
       std::vector<std::function<void()>>{[&] {
                                            static_cast<void>(repository_->commit(grants({{1, {7, 2}}})));
                                          },
                                          [&] { static_cast<void>(take(*repository_)); }}) {
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(failure_of(call), Kind::kUnavailable);
    EXPECT_GE(std::chrono::steady_clock::now() - before, kShort);
  }
  client->run("ROLLBACK");
  EXPECT_EQ(lead().semesters.at(0).head, 1);
}

TEST_P(SqliteContract, AReaderDoesNotStopTheWriterAndSeesOneState) {
  start();
  const auto reader = backend_->connect();
  reader->run("BEGIN");
  const std::vector<Row> before = reader->run("SELECT * FROM semester");
  EXPECT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted);
  EXPECT_EQ(reader->run("SELECT * FROM semester"), before);
  reader->run("COMMIT");
  EXPECT_NE(reader->run("SELECT * FROM semester"), before);
}

TEST_P(SqliteContract, TheFileHasAWriteAheadLog) {
  start();
  EXPECT_EQ(backend_->connect()->run("PRAGMA journal_mode")[0][0], "wal");
}

/// No file may grow beyond this many bytes for as long as this lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : before_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, before_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*before_handler_)(int);
  rlimit before_{};
};

TEST_P(SqliteContract, ABatchBeyondTheLimitOfFileSizesIsRefusedAndTheConnectionServesOn) {
  start();
  for (const std::size_t size : {1, 20'000}) {  // the second is more than SQLite keeps in memory until the COMMIT
    const StoredSemester before = semester_;
    const Batch batch = large_batch(size, std::string(900, 'r'));
    {
      const FileSizeLimit limit{log_size()};
      EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->commit(batch)); }), Kind::kRejected) << size;
      EXPECT_EQ(repository_->guard(epoch_, {}), CommitResult::kCommitted) << size;
      EXPECT_EQ(stored(), before) << size;
    }
    EXPECT_EQ(repository_->commit(batch), CommitResult::kCommitted) << size;
    EXPECT_EQ(stored(), semester_) << size;
  }
}

TEST_P(SqliteContract, NeitherAnEntryNorAGrantIsReplacedByAnybody) {
  start();
  ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted);
  const auto client = backend_->connect();
  const std::vector<Row> before = client->run("SELECT * FROM ledger");
  const std::string columns =
      "semester_id, at, program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,"
      " mobile_labs_granted, kind, status";
  const std::string under_a_new_seq =
      "INTO ledger (seq, " + columns + ") SELECT 3, " + columns + " FROM ledger WHERE seq = 2";
  for (const std::string policy : {"INSERT OR REPLACE ", "INSERT OR IGNORE ", "INSERT "}) {
    EXPECT_THROW(client->run(policy + "INTO ledger SELECT * FROM ledger WHERE seq = 2"), SqlRefused) << policy;
    EXPECT_THROW(client->run(policy + under_a_new_seq), SqlRefused) << policy;
  }
  EXPECT_EQ(client->run("SELECT * FROM ledger"), before);
}

TEST_P(SqliteContract, NeitherAFacultyNorAProgramIsReplacedByAnybody) {
  start();
  const auto client = backend_->connect();
  const std::vector<Row> faculties = client->run("SELECT * FROM faculty");
  const std::vector<Row> programs = client->run("SELECT * FROM program");
  for (const std::string policy : {"INSERT OR REPLACE ", "INSERT OR IGNORE ", "INSERT "}) {
    for (const char* what :
         {"INTO faculty VALUES (1, 'another', 'another')", "INTO faculty VALUES (9, 'x', 'faculty1')",
          "INTO program VALUES (1, 1, 'another', 'another')", "INTO program VALUES (9, 1, 'x', 'program2')"}) {
      EXPECT_THROW(client->run(policy + what), SqlRefused) << policy << what;
    }
  }
  EXPECT_EQ(client->run("SELECT * FROM faculty"), faculties);
  EXPECT_EQ(client->run("SELECT * FROM program"), programs);
}

TEST_P(SqliteContract, ABatchOfAnySizeIsStoredEntryByEntry) {
  start();
  for (const std::size_t count : {1, 19, 20, 21, 39, 40, 47}) {
    const Batch batch = large_batch(count, "of " + std::to_string(count));
    ASSERT_EQ(repository_->commit(batch), CommitResult::kCommitted);
    EXPECT_EQ(read_all(*repository_, 1, batch.base, semester_.head), batch.entries);
    const auto ids = backend_->request_ids(1);
    EXPECT_EQ(ids.size(), static_cast<std::size_t>(semester_.head));
    EXPECT_EQ(std::count(ids.begin(), ids.end(), batch.messages[0].request_id), static_cast<std::ptrdiff_t>(count));
  }
}

TEST_P(SqliteContract, OneForbiddenEntryAnywhereInABatchKeepsAllOfItOut) {
  start();
  ASSERT_EQ(repository_->commit(large_batch(1, "r")), CommitResult::kCommitted);
  const StoredSemester before = semester_;
  for (const std::size_t place : {0, 1, 19, 20, 33, 40, 46}) {
    semester_ = before;
    Batch batch = large_batch(47, "r");
    batch.entries[place].program_id = 1;
    batch.entries[place].generation = static_cast<std::int32_t>(before.head);  // as the grant that is there
    EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->commit(batch)); }), Kind::kInvariant) << place;
    EXPECT_EQ(stored(), before) << place;
    EXPECT_EQ(backend_->request_ids(1).size(), static_cast<std::size_t>(before.head)) << place;
  }
  semester_ = before;
  EXPECT_EQ(repository_->commit(large_batch(47, "r")), CommitResult::kCommitted);
  EXPECT_EQ(stored(), semester_);
}

TEST_P(SqliteContract, TheLogThatAReaderLetGrowShrinksOnceItHasGone) {
  constexpr std::uintmax_t kLimit = 32 << 20;
  start();
  const auto commit = [&] {
    ASSERT_EQ(repository_->commit(large_batch(10'000, std::string(900, 'r'))), CommitResult::kCommitted);
  };
  const auto reader = backend_->connect();
  reader->run("BEGIN");
  reader->run("SELECT * FROM semester");
  for (int i = 0; i < 4; ++i) commit();
  EXPECT_GT(log_size(), kLimit);
  reader->run("COMMIT");
  for (int i = 0; i < 4; ++i) commit();
  EXPECT_LE(log_size(), kLimit);
}

}  // namespace
}  // namespace dti::contract
