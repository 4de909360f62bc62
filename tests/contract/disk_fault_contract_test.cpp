// What the SQLite store makes of each call of SQLite that the disk refuses.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "contract/power_loss_disk.hpp"
#include "contract/powered_store.hpp"

namespace dti::contract {
namespace {

using Kind = StorageError::Kind;
using Survival = PowerLossDisk::Survival;

struct DiskFault {
  const char* name;
  DiskCall call;
  int code;
  int system_error = EIO;
};

constexpr DiskFault kDiskFaults[] = {
    {"NoRoom", DiskCall::kWrite, SQLITE_FULL},
    {"WriteFails", DiskCall::kWrite, SQLITE_IOERR_WRITE},
    {"WriteIsOverTheQuota", DiskCall::kWrite, SQLITE_IOERR_WRITE, EDQUOT},
    {"WriteIsReadOnly", DiskCall::kWrite, SQLITE_READONLY},
    {"ReadFails", DiskCall::kRead, SQLITE_IOERR_READ},
    {"ReadHasNoMemory", DiskCall::kRead, SQLITE_IOERR_NOMEM},
    {"SyncFails", DiskCall::kSync, SQLITE_IOERR_FSYNC},
    {"SyncIsOverTheQuota", DiskCall::kSync, SQLITE_IOERR_FSYNC, EDQUOT},
    {"TruncateFails", DiskCall::kTruncate, SQLITE_IOERR_TRUNCATE},
    {"SizeFails", DiskCall::kSize, SQLITE_IOERR_FSTAT},
    {"DeleteFails", DiskCall::kDelete, SQLITE_IOERR_DELETE},
    {"OpenFails", DiskCall::kOpen, SQLITE_CANTOPEN},
    {"LockFails", DiskCall::kLock, SQLITE_IOERR_LOCK},
    {"MapFails", DiskCall::kMap, SQLITE_IOERR_SHMMAP},
};

class DiskFaults : public testing::TestWithParam<DiskFault> {};
INSTANTIATE_TEST_SUITE_P(Calls, DiskFaults, testing::ValuesIn(kDiskFaults),
                         [](const auto& fault) { return std::string{fault.param.name}; });

/// Notices, for as long as this lives, whether a connection began to run a COMMIT.
class SentCommits {
 public:
  SentCommits() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(watch)); }
  ~SentCommits() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(watch)); }
  SentCommits(const SentCommits&) = delete;
  SentCommits& operator=(const SentCommits&) = delete;

  void forget() { were_sent_ = false; }
  [[nodiscard]] bool were_sent() const { return were_sent_; }

 private:
  static int watch(sqlite3* database, char** /*error*/, const sqlite3_api_routines* /*api*/) {
    const auto notice = [](unsigned /*event*/, void* /*context*/, void* /*statement*/, void* text) {
      were_sent_ = were_sent_ || std::string_view{static_cast<const char*>(text)} == "COMMIT";
      return 0;
    };
    return sqlite3_trace_v2(database, SQLITE_TRACE_STMT, notice, nullptr);
  }

  static inline bool were_sent_ = false;
};

constexpr std::int64_t kForEver = 1'000'000'000;
constexpr int kTakeOversMax = 8;

/// Takes over until it is known what is stored: what a server does after a failure. @return what is wrong
std::string settle(PoweredStore& store) {
  std::string fault;
  for (int i = 0; i < kTakeOversMax; ++i) {
    fault = store.settle();
    if (!store.failure()) {
      return fault;
    }
    if (store.failure() != Kind::kUnavailable) {
      return "not a passing failure: " + fault;
    }
  }
  return "never taken over: " + fault;
}

TEST_P(DiskFaults, InAnyCallOfALifeLoseNothingAndAreSaidAsTheyAre) {
  SentCommits commits;
  for (const std::int64_t count : {1, 2}) {
    std::int64_t at = 0;
    for (bool was_reached = true; was_reached;) {
      ++at;
      const std::string where = std::string{GetParam().name} + " " + std::to_string(at) + " x" + std::to_string(count);
      PoweredStore store{static_cast<std::uint64_t>(at)};
      store.start();
      store.add_programs(5);
      store.open_semester("2025-10");
      const std::function<void()> steps[] = {
          [&] { store.commit("2025-10", 1); },
          [&] { store.commit("2025-10", 45); },
          [&] { store.checkpoint("RESTART"); },
          [&] { store.commit("2025-10", 2); },
          [&] { store.take_over(); },
          [&] { store.add_programs(2); },
          [&] { store.open_semester("2026-10"); },
          [&] { store.commit("2025-10", 3); },
      };
      store.disk().fail(GetParam().call, at, count, GetParam().code, GetParam().system_error);
      for (const auto& step : steps) {
        commits.forget();
        step();
        if (!store.failure()) continue;
        ASSERT_TRUE(store.failure() != Kind::kInDoubt || commits.were_sent()) << where;
        if (store.failure() == Kind::kRejected) {
          store.disk().stop_failing();
          ASSERT_TRUE(store.is_served()) << where;
          continue;
        }
        ASSERT_TRUE(store.failure() == Kind::kUnavailable || store.failure() == Kind::kInDoubt)
            << where << ": " << static_cast<int>(*store.failure()) << " " << store.failure_text();
        ASSERT_EQ(settle(store), "") << where;
      }
      was_reached = store.disk().has_failed();
      store.disk().stop_failing();
      store.commit("2025-10", 3);
      ASSERT_EQ(store.failure(), std::nullopt) << where;
      // What was answered after a fault is as durable as before one.
      store.disk().lose_power();
      store.restore_power(Survival::kNothing);
      ASSERT_EQ(store.recover(), "") << where << ", after a power loss";
    }
    EXPECT_GT(at, 1);
  }
}

TEST(DiskFault, InLargeBatchesAndTheirCheckpointsLosesNothing) {
  struct Case {
    DiskCall call;
    int code;
    std::uint64_t calls;  // of such a life, or fewer
  };
  const Case cases[] = {{DiskCall::kWrite, SQLITE_FULL, 15'000},
                        {DiskCall::kWrite, SQLITE_IOERR_WRITE, 15'000},
                        {DiskCall::kSync, SQLITE_IOERR_FSYNC, 8}};
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Case& each = cases[seed % std::size(cases)];
    PoweredStore store{seed};
    store.start();
    store.add_programs(100);
    store.open_semester("2025-10");
    store.disk().fail(each.call, 1 + static_cast<std::int64_t>(store.random()() % each.calls), 1, each.code);
    for (int i = 0; i < 3; ++i) {
      store.commit("2025-10", 5'000, std::string(1'800, 'r'));  // more than the cache holds; two reach a checkpoint
      if (store.failure() == Kind::kRejected) {
        ASSERT_TRUE(store.is_served()) << seed;
      } else if (store.failure()) {
        ASSERT_EQ(settle(store), "") << seed;
      }
    }
    EXPECT_TRUE(store.disk().has_failed()) << seed;
    store.disk().lose_power();
    store.restore_power(Survival::kNothing);
    ASSERT_EQ(store.recover(), "") << seed;
  }
}

TEST(DiskFault, IsRefusedAtAStartAndPassesLater) {
  struct Case {
    const char* name;
    DiskCall call;
    int code;
    Kind at_start;
    Kind later;
    const char* advice;
  };
  const Case cases[] = {
      {"no room", DiskCall::kWrite, SQLITE_FULL, Kind::kUnavailable, Kind::kUnavailable, "free some room"},
      {"read-only", DiskCall::kWrite, SQLITE_READONLY, Kind::kRefused, Kind::kUnavailable, "read-only"},
      {"not opened", DiskCall::kOpen, SQLITE_CANTOPEN, Kind::kRefused, Kind::kUnavailable, "permissions"},
      {"no permission", DiskCall::kOpen, SQLITE_PERM, Kind::kRefused, Kind::kUnavailable, "permissions"},
      {"I/O error", DiskCall::kSync, SQLITE_IOERR_FSYNC, Kind::kUnavailable, Kind::kUnavailable, "see to its disk"},
      {"read error", DiskCall::kRead, SQLITE_IOERR_READ, Kind::kUnavailable, Kind::kUnavailable,
       "disk I/O error (Input/output error): see to its disk"},
      {"busy", DiskCall::kLock, SQLITE_BUSY, Kind::kUnavailable, Kind::kUnavailable, "locked"},
      {"damaged", DiskCall::kRead, SQLITE_CORRUPT, Kind::kCorrupt, Kind::kCorrupt, "restore a backup"},
      {"no database", DiskCall::kRead, SQLITE_NOTADB, Kind::kRefused, Kind::kRefused, "not a database"},
  };
  for (const Case& each : cases) {
    PoweredStore store{1};
    store.disk().fail(each.call, 1, kForEver, each.code);
    store.start();
    EXPECT_EQ(store.failure(), each.at_start) << each.name;
    EXPECT_NE(store.failure_text().find(each.advice), std::string::npos) << each.name << ": " << store.failure_text();
    store.disk().stop_failing();
    ASSERT_EQ(store.recover(), "") << each.name;
    store.disk().fail(each.call, 1, kForEver, each.code);
    store.take_over();
    EXPECT_EQ(store.failure(), each.later) << each.name;
    EXPECT_NE(store.failure_text().find(each.advice), std::string::npos) << each.name << ": " << store.failure_text();
    store.disk().stop_failing();
    EXPECT_EQ(store.settle(), "") << each.name;
  }
}

TEST(DiskFault, ThatOnlyNeedsRoomIsRefusedAndTheConnectionIsKept) {
  struct Case {
    const char* name;
    DiskCall call;
    int code;
    int system_error;
    Kind kind;
    const char* advice;
  };
  const Case cases[] = {
      {"disk is full", DiskCall::kWrite, SQLITE_FULL, ENOSPC, Kind::kRejected, "free some room"},
      {"quota is used up", DiskCall::kWrite, SQLITE_IOERR_WRITE, EDQUOT, Kind::kRejected, "raise the quota"},
      {"file may not grow", DiskCall::kWrite, SQLITE_IOERR_WRITE, EFBIG, Kind::kRejected, "limit of file sizes"},
      {"disk is broken", DiskCall::kWrite, SQLITE_IOERR_WRITE, EIO, Kind::kInDoubt, "see to its disk"},
      // Not every version of SQLite keeps the system's reason of a sync that failed: the advice is "free some room on
      // its disk" or "see to its disk".
      {"sync finds the disk full", DiskCall::kSync, SQLITE_IOERR_FSYNC, ENOSPC, Kind::kInDoubt, "its disk"},
      {"sync finds the quota used up", DiskCall::kSync, SQLITE_IOERR_FSYNC, EDQUOT, Kind::kInDoubt, "its disk"},
  };
  for (const Case& each : cases) {
    PoweredStore store{1};
    store.start();
    store.add_programs(5);
    store.open_semester("2025-10");
    store.disk().fail(each.call, 1, kForEver, each.code, each.system_error);
    store.commit("2025-10", 3);
    EXPECT_EQ(store.failure(), each.kind) << each.name;
    EXPECT_NE(store.failure_text().find(each.advice), std::string::npos) << each.name << ": " << store.failure_text();
    if (each.kind == Kind::kRejected) {
      EXPECT_TRUE(store.is_served()) << each.name;  // repeats are answered while there is no room
    }
    store.disk().stop_failing();
    EXPECT_EQ(store.settle(), "") << each.name;
  }
}

TEST(DiskFault, AfterOneAReaderThatIsInTheWayOfTheLogIsNamedAndWaitedFor) {
  PoweredStore store{1};
  store.start();
  store.add_programs(5);
  store.open_semester("2025-10");
  store.disk().fail(DiskCall::kSync, 1, 2,
                    SQLITE_IOERR_FSYNC);  // of the commit, and of the copy when the file is closed
  store.commit("2025-10", 3);
  ASSERT_EQ(store.failure(), Kind::kInDoubt);
  {
    SqliteConnection reader{store.path(), SQLITE_OPEN_READWRITE};
    reader.execute("BEGIN");
    ASSERT_EQ(reader.query_integer("SELECT head FROM semester"), 4) << "the log was not read anew";
    store.take_over();
    EXPECT_EQ(store.failure(), Kind::kUnavailable);
    EXPECT_NE(store.failure_text().find("another program that uses it is in the way"), std::string::npos)
        << store.failure_text();
  }
  ASSERT_EQ(store.settle(), "");
  store.commit("2025-10", 1);
  store.disk().lose_power();
  store.restore_power(Survival::kNothing);
  EXPECT_EQ(store.recover(), "");
}

TEST(DiskFault, AReaderThatStaysDoesNotKeepAStartWaiting) {
  PoweredStore store{1};
  store.start();
  store.add_programs(5);
  store.open_semester("2025-10");
  SqliteConnection reader{store.path(), SQLITE_OPEN_READWRITE};
  reader.execute("BEGIN");
  ASSERT_EQ(reader.query_integer("SELECT head FROM semester"), 1);
  store.commit("2025-10", 3);
  store.take_over();
  EXPECT_EQ(store.failure(), std::nullopt);
  store.commit("2025-10", 3);
  EXPECT_EQ(store.failure(), std::nullopt);
}

/// SQLite's memory ends at an allocation, for as long as this lives. No database may be open when it begins or ends.
class ScarceMemory {
 public:
  ScarceMemory() {
    sqlite3_shutdown();
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_);
    sqlite3_mem_methods scarce = real_;
    scarce.xMalloc = [](int size) { return is_there() ? real_.xMalloc(size) : nullptr; };
    scarce.xRealloc = [](void* memory, int size) { return is_there() ? real_.xRealloc(memory, size) : nullptr; };
    sqlite3_config(SQLITE_CONFIG_MALLOC, &scarce);
    sqlite3_initialize();
  }
  ~ScarceMemory() {
    left_ = -1;
    sqlite3_shutdown();
    sqlite3_config(SQLITE_CONFIG_MALLOC, &real_);
    sqlite3_initialize();
  }
  ScarceMemory(const ScarceMemory&) = delete;
  ScarceMemory& operator=(const ScarceMemory&) = delete;

  /// Lets the next `allocations` calls succeed, and then `count` calls fail.
  static void end_after(std::int64_t allocations, std::int64_t count) {
    left_ = allocations;
    failing_ = count;
    failed_ = false;
  }
  static void be_plenty() { left_ = -1; }
  static bool has_failed() { return failed_; }

 private:
  static bool is_there() {
    if (left_ != 0 || failing_ == 0) {
      left_ -= left_ > 0 ? 1 : 0;
      return true;
    }
    --failing_;
    failed_ = true;
    return false;
  }

  static inline sqlite3_mem_methods real_{};
  static inline std::int64_t left_ = -1;
  static inline std::int64_t failing_ = 0;
  static inline bool failed_ = false;
};

TEST(DiskFault, MemoryThatEndsInAnyCallLosesNothingAndIsSaid) {
  const ScarceMemory memory;
  using Step = std::function<void(PoweredStore&)>;
  const std::pair<const char*, Step> steps[] = {
      {"commit", [](PoweredStore& store) { store.commit("2025-10", 45); }},
      {"take_over", [](PoweredStore& store) { store.take_over(); }},
      {"add_programs", [](PoweredStore& store) { store.add_programs(2); }},
      {"open_semester", [](PoweredStore& store) { store.open_semester("2026-10"); }},
  };
  for (const auto& [name, step] : steps) {
    for (const std::int64_t count : {std::int64_t{1}, kForEver}) {
      bool was_reached = true;
      std::int64_t at = 0;
      for (; was_reached; at += 1 + at / 4) {
        PoweredStore store{1};
        store.start();
        store.add_programs(5);
        store.open_semester("2025-10");
        ScarceMemory::end_after(at, count);
        store.disk().expect_failure();
        step(store);
        ScarceMemory::be_plenty();
        was_reached = ScarceMemory::has_failed();
        const auto failure = store.failure();
        if (failure == Kind::kRejected) {
          ASSERT_TRUE(store.is_served()) << name << " " << at;
        } else if (failure) {
          ASSERT_TRUE(failure == Kind::kUnavailable || failure == Kind::kInDoubt)
              << name << " " << at << ": " << static_cast<int>(*failure) << " " << store.failure_text();
          ASSERT_EQ(store.settle(), "") << name << " " << at;
        }
        store.commit("2025-10", 2);
        ASSERT_EQ(store.failure(), std::nullopt) << name << " " << at;
        ASSERT_EQ(store.recover(), "") << name << " " << at;
      }
      EXPECT_GT(at, 2) << name;
    }
  }
}

}  // namespace
}  // namespace dti::contract
