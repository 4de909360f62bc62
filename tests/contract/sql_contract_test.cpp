// What holds in both databases beside the repository: what outsiders see there, and what they cannot do.
#include <chrono>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "contract/store_fixture.hpp"

namespace dti::contract {
namespace {

using Kind = StorageError::Kind;

class SqlContract : public StoreTest {
 protected:
  std::vector<Row> query(const std::string& sql) { return backend_->connect()->run(sql); }

  std::vector<Row> report(const std::string& name) {
    std::ifstream file{std::string{DTI_REPORTS_DIR} + "/" + name + ".sql"};
    return query({std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}});
  }

  static Row row(std::initializer_list<std::string> cells) { return {cells.begin(), cells.end()}; }
};
INSTANTIATE_TEST_SUITE_P(Databases, SqlContract, testing::ValuesIn(sql_backends()), name_of_backend());

TEST_P(SqlContract, WhatWasAddedIsNeitherUpdatedNorDeleted) {
  start();
  ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted);
  const auto client = backend_->connect();
  for (const std::string table : {"ledger", "faculty", "program"}) {
    const std::string column = table == "ledger" ? "at" : "name";
    EXPECT_THROW(client->run("UPDATE " + table + " SET " + column + " = " + column), SqlRefused);
    EXPECT_THROW(client->run("DELETE FROM " + table), SqlRefused);
  }
  EXPECT_THROW(client->run("UPDATE semester SET classrooms_left = -1"), SqlRefused);
  EXPECT_THROW(client->run("UPDATE semester SET labs_left = labs_capacity + 1"), SqlRefused);
  EXPECT_THROW(client->run("INSERT INTO leadership (epoch, holder) VALUES (9, 'x')"), SqlRefused);
  EXPECT_EQ(read_all(*repository_, 1, 0, 2).size(), 2U);
}

TEST_P(SqlContract, AnEntryHasTheColumnsOfItsKindAndNoOthers) {
  start();
  const auto client = backend_->connect();
  const std::string opened =
      "INSERT INTO ledger (semester_id, seq, at, command_id, kind, classrooms_capacity, labs_capacity,"
      " conversions_capacity) SELECT 1, 2, at, 'c', ";
  const std::string from = " FROM ledger WHERE seq = 1";
  EXPECT_THROW(client->run(opened + "3, 1, 1, 1" + from), SqlRefused);  // opened twice
  EXPECT_THROW(client->run(opened + "4, 1, 1, 1" + from), SqlRefused);  // closed, with a capacity
  EXPECT_THROW(client->run(opened + "0, 1, 1, 1" + from), SqlRefused);  // granted, to nobody
  EXPECT_THROW(client->run(opened + "5, 1, 1, 1" + from), SqlRefused);  // reopened, with a capacity
  EXPECT_THROW(client->run(opened + "6, 1, 1, 1" + from), SqlRefused);  // set, with a capacity
  EXPECT_THROW(client->run(opened + "7, 1, 1, 1" + from), SqlRefused);  // the list left, with a capacity
  for (const std::string unknown : {"-1", "8"}) {
    EXPECT_THROW(client->run(opened + unknown + ", NULL, NULL, NULL" + from), SqlRefused) << unknown;
  }
  EXPECT_THROW(client->run(opened + "2, 1, 1, NULL" + from), SqlRefused);  // resized, by half
  EXPECT_THROW(client->run(opened + "2, 1, 1, 2" + from), SqlRefused);     // more conversions than classrooms
  client->run(opened + "2, 1, 1, 1" + from);
}

TEST_P(SqlContract, AGrantsStatusFitsItHoweverMuchWasWanted) {
  start();
  const auto client = backend_->connect();
  const auto granted = [&](const std::string& wanted_granted_status) {
    client->run(
        "INSERT INTO ledger (semester_id, seq, at, kind, program_id, generation, classrooms_wanted, labs_wanted,"
        " classrooms_granted, labs_granted, mobile_labs_granted, status) SELECT 1, 2, at, 0, 1, 1, " +
        wanted_granted_status + " FROM ledger WHERE seq = 1");
  };
  EXPECT_THROW(granted("7, 2, 7, 2, 0, 1"), SqlRefused);     // all of it, called partial
  EXPECT_THROW(granted("7, 2, 7, 1, 0, 0"), SqlRefused);     // a part, called all
  EXPECT_THROW(granted("7, 2, 6, 2, 0, 0"), SqlRefused);     // the same
  EXPECT_THROW(granted("7, 2, 6, 2, 0, 2"), SqlRefused);     // a status that is not known
  EXPECT_THROW(granted("7, 2, 8, 1, 0, 1"), SqlRefused);     // more than was wanted, and less
  EXPECT_THROW(granted("7, 2, 7, 1, 1, NULL"), SqlRefused);  // without one
  granted("2147483647, 2147483647, 1, 1, 0, 1");
}

TEST_P(SqlContract, ALedgerWithAGapIsReadAsItIs) {
  start();
  ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}, {2, {7, 2}}, {3, {7, 2}}})), CommitResult::kCommitted);
  const auto client = backend_->connect();
  client->run(backend_->lift_protection());
  client->run("DELETE FROM ledger WHERE seq = 3");
  std::vector<Seq> seqs;
  for (const auto& entry : read_all(*repository_, 1, 0, 4)) seqs.push_back(entry.seq);
  EXPECT_EQ(seqs, (std::vector<Seq>{1, 2, 4})) << "a replay reports the gap";
}

TEST_P(SqlContract, ASemesterWithoutItsFirstEntryWasOpenedWithNothing) {
  start();
  const auto client = backend_->connect();
  client->run(backend_->lift_protection());
  client->run("DELETE FROM ledger WHERE seq = 1");
  const auto semester = stored().value();
  EXPECT_FALSE(semester.opened_with);
  EXPECT_EQ(semester.last_entry, 0);
  EXPECT_EQ(semester.head, 1);
}

TEST_P(SqlContract, ALaterResizeDoesNotChangeWhatASemesterWasOpenedWith) {
  start();
  const auto client = backend_->connect();
  client->run(
      "INSERT INTO ledger (semester_id, seq, at, command_id, kind, classrooms_capacity, labs_capacity,"
      " conversions_capacity) SELECT 1, 2, at, 'c', 2, 400, 70, 100 FROM ledger");
  client->run(
      "UPDATE semester SET head = 2, classrooms_capacity = 400, classrooms_left = 400, labs_capacity = 70, labs_left = "
      "70");
  EXPECT_EQ(stored()->opened_with, kCapacity);
  EXPECT_EQ(stored()->left, (Pool{400, 70, 100}));
  EXPECT_EQ(query("SELECT * FROM semester_left"),
            Rows{row({"2025-10", "400", "70", "100", "0", "0", "0", "400", "70", "100"})});
  EXPECT_EQ(report("totals")[0].back(), "ok");
}

TEST_P(SqlContract, ANewerSchemaIsRefusedWithBothNumbers) {
  start();
  backend_->connect()->run(
      "INSERT INTO schema_version (version, applied_at) SELECT 9, applied_at FROM schema_version LIMIT 1");
  for (const auto& call : std::vector<std::function<void()>>{[&] { static_cast<void>(take(*repository_)); },
                                                             [&] { static_cast<void>(stored()); }}) {
    EXPECT_EQ(failure_of(call), Kind::kRefused);
    const std::string text = failure_text(call);
    EXPECT_NE(text.find("version 9"), std::string::npos) << text;
    EXPECT_NE(text.find("version 8"), std::string::npos) << text;
  }
  EXPECT_EQ(query("SELECT epoch FROM leadership"), Rows{row({std::to_string(epoch_)})});
}

TEST_P(SqlContract, WhatIsLeftByTheLedgerIsWhatTheRowSays) {
  start();
  constexpr unsigned kSeed = 20251009;
  std::mt19937 random{kSeed};
  std::vector<CatalogProgram> more;
  for (ProgramId id = 6; id <= 120; ++id) {
    more.push_back(program(id));
  }
  ASSERT_TRUE(repository_->add_programs(epoch_, more, kAt));
  Pool granted;
  for (ProgramId id = 1; id <= 120; ++id) {
    const Want want{static_cast<Quantity>(random() % 10), static_cast<Quantity>(random() % 4)};
    ASSERT_EQ(repository_->commit(grants({{id, want}})), CommitResult::kCommitted);
    const auto left = query("SELECT classrooms_left, labs_left, mobile_labs_left FROM semester_left");
    ASSERT_EQ(left, Rows{row({std::to_string(semester_.left.classrooms), std::to_string(semester_.left.labs),
                              std::to_string(semester_.left.mobile_labs())})})
        << "seed " << kSeed << " program " << id;
    ASSERT_EQ(stored()->left, semester_.left);
  }
  EXPECT_EQ(semester_.left.mobile_labs(), 0) << "the pool was meant to run dry";
  EXPECT_EQ(report("totals")[0].back(), "ok");
}

TEST_P(SqlContract, TheViewsSayWhoHoldsWhatAndWhoLacksWhat) {
  start();
  ASSERT_EQ(repository_->commit(grants({{1, {380, 60}}}, "first")), CommitResult::kCommitted);
  ASSERT_EQ(repository_->commit(grants({{2, {1, 2}}, {3, {0, 0}}}, std::nullopt)), CommitResult::kCommitted);
  const std::string partial{wire_text(Status::kNotEnoughResources)};
  const std::string at = "2025-10-09T08:53:20.123456Z";
  const std::vector<Row> allocations = query(
      "SELECT semester, faculty, program, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,"
      " mobile_labs_granted, status, at, coalesce(request_id, '-') FROM allocation ORDER BY program");
  const Row lacking = row({"2025-10", "Faculty 1", "Program 2", "1", "2", "0", "0", "0", partial, at, "-"});
  EXPECT_EQ(allocations,
            (Rows{row({"2025-10", "Faculty 1", "Program 1", "380", "60", "380", "60", "0", "OK", at, "first"}), lacking,
                  row({"2025-10", "Faculty 1", "Program 3", "0", "0", "0", "0", "0", "OK", at, "-"})}));
  EXPECT_EQ(query("SELECT semester, faculty, program, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,"
                  " mobile_labs_granted, status, at, coalesce(request_id, '-') FROM alert"),
            Rows{lacking});
  EXPECT_EQ(query("SELECT * FROM entry_count ORDER BY kind"),
            (Rows{row({"2025-10", "granted", "3"}), row({"2025-10", "semester-opened", "1"})}));
  EXPECT_EQ(query("SELECT seq, at, kind, coalesce(status, '-') FROM history ORDER BY seq"),
            (Rows{row({"1", at, std::string{stored_text(EntryKind::kSemesterOpened)}, "-"}),
                  row({"2", at, std::string{stored_text(EntryKind::kGranted)}, "OK"}),
                  row({"3", at, "granted", partial}), row({"4", at, "granted", "OK"})}));
}

TEST_P(SqlContract, TheAllocationsOfANewLedgerAreFoundWithoutStatistics) {
  start();
  for (int i = 0; i < 8; ++i) {
    ASSERT_EQ(repository_->commit(large_batch(1'000)), CommitResult::kCommitted);
  }
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(query("SELECT count(*) FROM allocation WHERE semester = '2025-10'"), Rows{row({"8000"})});
  // A plan that compares each entry with each other takes half a minute.
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds{20});
}

TEST_P(SqlContract, AReleasedGrantIsNotCurrentAndItsRoomsAreBack) {
  start();
  ASSERT_EQ(repository_->commit(grants({{1, {7, 62}}, {2, {1, 0}}})), CommitResult::kCommitted);
  backend_->connect()->run(
      "INSERT INTO ledger (semester_id, seq, at, kind, program_id, generation, classrooms_wanted, labs_wanted,"
      " classrooms_granted, labs_granted, mobile_labs_granted, cause, command_id)"
      " SELECT semester_id, 4, at, 1, program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted,"
      " labs_granted, mobile_labs_granted, 2, 'c' FROM ledger WHERE program_id = 1");
  EXPECT_EQ(query("SELECT program FROM allocation"), Rows{row({"Program 2"})});
  EXPECT_EQ(query("SELECT * FROM semester_left"),
            Rows{row({"2025-10", "380", "60", "100", "1", "0", "0", "379", "60", "100"})});
  EXPECT_EQ(query("SELECT kind FROM history WHERE seq = 4"),
            Rows{row({std::string{stored_text(EntryKind::kReleased)}})});
}

TEST_P(SqlContract, TheReportsRunAndTheTotalsTellWhenRoomsAreMissing) {
  start();
  ASSERT_EQ(repository_->commit(grants({{1, {380, 59}}, {2, {1, 2}}})), CommitResult::kCommitted);
  EXPECT_EQ(report("totals"),
            Rows{row({"2025-10", "open", "380", "60", "100", "380", "60", "0", "0", "0", "0", "ok"})});
  EXPECT_EQ(report("grants_in_order_of_time").size(), 2U);
  EXPECT_EQ(report("alerts"), Rows{row({"2025-10", "Faculty 1", "Program 2", "1", "1", "1", "2", "0", "1", "0",
                                        "2025-10-09T08:53:20.123456Z"})});
  EXPECT_EQ(report("programs_with_a_grant").size(), 2U);
  EXPECT_EQ(report("entries_by_kind"),
            (Rows{row({"2025-10", "granted", "2"}), row({"2025-10", "semester-opened", "1"})}));
  backend_->connect()->run("UPDATE semester SET labs_left = labs_left + 1");
  EXPECT_EQ(report("totals")[0].back(), "BROKEN");
}

}  // namespace
}  // namespace dti::contract
