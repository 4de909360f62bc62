#include "repository/postgresql/postgresql_notices.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace dti {
namespace {

TEST(PostgresqlNotices, OnlyThoseThatMayCutACommitShortCastDoubtOnIt) {
  const struct {
    PostgresqlNotice notice;
    bool is_in_doubt;
  } kCases[] = {
      {{"WARNING", "01000", "canceling wait for synchronous replication", "syncrep.c", "312"}, true},
      {{"WARNING", "57P01", "canceling the wait and terminating connection", "syncrep.c", "295"}, true},
      {{"WARNING", "57P02", "terminating connection because of crash", "postgres.c", "2850"}, true},
      {{"WARNING", "58030", "could not flush", "fd.c", "1"}, true},
      {{"WARNING", "XX001", "page verification failed", "bufpage.c", "1"}, true},
      {{"WARNING", "01000", "of another engine", "", ""}, true},
      {{"", "01000", "of an older protocol", "x.c", "1"}, true},
      {{"WARNING", "", "of libpq", "", ""}, true},
      {{"WARNING", "01000", "database must be vacuumed within 9 transactions", "varsup.c", "151"}, false},
      {{"WARNING", "01000", "database has a collation version mismatch", "postinit.c", "460"}, false},
      {{"WARNING", "01000", "of a trigger", "pl_exec.c", "3"}, false},
      {{"NOTICE", "00000", "of a trigger", "pl_exec.c", "3"}, false},
      {{"INFO", "00000", "of a trigger", "pl_exec.c", "3"}, false},
  };
  for (const auto& [notice, is_in_doubt] : kCases) {
    EXPECT_EQ(casts_doubt_on_a_commit(notice), is_in_doubt) << notice.text;
  }
}

TEST(PostgresqlNotices, EachKindOfWarningIsLoggedOnceAMinuteWithItsCount) {
  std::vector<std::string> logged;
  PostgresqlWarningLog log{[&](const LogEvent& event) { logged.push_back(event.event + ": " + event.message); }};
  const auto start = std::chrono::steady_clock::time_point{std::chrono::hours{1}};
  const auto vacuum = [](int left) {
    return PostgresqlNotice{"WARNING", "01000", std::to_string(left) + " left", "varsup.c", "151"};
  };
  log.add(vacuum(3), start);
  log.add(vacuum(2), start + std::chrono::seconds{59});
  log.add({"WARNING", "01000", "collation", "postinit.c", "460"}, start + std::chrono::seconds{59});
  log.add({"NOTICE", "00000", "hello", "postinit.c", "1"}, start);
  log.add(vacuum(1), start + std::chrono::seconds{60});
  log.add({"FATAL", "57P01", "terminating connection", "postgres.c", "3200"}, start);
  EXPECT_EQ(logged, (std::vector<std::string>{"store-warned: PostgreSQL: 3 left [01000]",
                                              "store-warned: PostgreSQL: collation [01000]",
                                              "store-warned: PostgreSQL: 1 left [01000] (2 times)",
                                              "store-warned: PostgreSQL: terminating connection [57P01]"}));
}

}  // namespace
}  // namespace dti
