// What a snapshot shows of both databases, beside the server that leads; and what verify() says of one that was
// tampered with behind the constraints' and the triggers' backs.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "contract/store_fixture.hpp"
#include "dti/repository/open/open_snapshot.hpp"
#include "dti/service/ledger/verify.hpp"
#include "dti/service/pipeline/commit_pipeline.hpp"
#include "dti/service/pipeline/take_over.hpp"

namespace dti::contract {
namespace {

using Kind = StorageError::Kind;
constexpr std::chrono::milliseconds kTimeout{5'000};
constexpr const char* kTables[] = {"faculty", "program", "leadership", "semester", "ledger"};

class SnapshotContract : public StoreTest {
 protected:
  bool is_sqlite() const { return !backend_->takes_two_servers(); }

  StoreAddress address() const {
    if (is_sqlite()) return SqliteStoreAddress{backend_->where()};
    return PostgresqlStoreAddress{backend_->where()};
  }

  VerifyReport look() const {
    const auto snapshot = open_snapshot(address(), kTimeout);
    return verify(*snapshot, [](const VerifyProgress&) {});
  }

  /// The first sentence of a report that is no file fault.
  static std::string sentence(const VerifyReport& report) {
    if (report.unreadable) return *report.unreadable;
    for (const auto& semester : report.semesters) {
      if (semester.difference) return to_string(*semester.difference);
    }
    return report.differences.empty() ? std::string{} : to_string(report.differences[0]);
  }

  /// A client for which triggers, CHECKs and the unique index of the grants do not hold, with a copy of all tables.
  std::unique_ptr<SqlClient> connect_unchecked() {
    auto client = backend_->connect();
    if (is_sqlite()) {
      client->run("PRAGMA ignore_check_constraints = ON");
      for (const auto& trigger : client->run("SELECT name FROM sqlite_master WHERE type = 'trigger'")) {
        client->run("DROP TRIGGER " + trigger[0].value());
      }
    } else {
      client->run("SET session_replication_role = replica");
      for (const auto& check : client->run("SELECT conrelid::regclass::text, conname FROM pg_constraint"
                                           " WHERE contype = 'c' AND connamespace = 'public'::regnamespace")) {
        client->run("ALTER TABLE " + check[0].value() + " DROP CONSTRAINT " + check[1].value());
      }
    }
    client->run("DROP INDEX ledger_one_grant");
    for (const std::string table : kTables) client->run("CREATE TABLE " + table + "_copy AS SELECT * FROM " + table);
    return client;
  }

  static void restore(SqlClient& client) {
    for (const std::string table : kTables) {
      client.run("DELETE FROM " + table);
      client.run("INSERT INTO " + table + " SELECT * FROM " + table + "_copy");
    }
  }

  /// Starts a server as dti_server does. @return why it ended; code 0: it leads
  Exit start_server() {
    repository_.reset();
    repository_ = backend_->open();
    CommitPipeline pipeline{{}, {}};
    const Now now{std::chrono::steady_clock::now(), kAt};
    pipeline.on_start(now);
    const auto call = std::get<StoreCall>(pipeline.take_actions().at(0));
    pipeline.on_store(make_call(
                          call, *repository_, [&] { return now; },
                          [&](TakeOverPiece piece) { pipeline.on_piece(std::move(piece), now); }),
                      now);
    for (const auto& action : pipeline.take_actions()) {
      if (const auto* const exit = std::get_if<Exit>(&action)) return *exit;
    }
    EXPECT_TRUE(pipeline.is_ready(now));
    return {};
  }

  /// Three programs with a grant, the last of them a partial one.
  void fill() {
    start();
    ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}, {2, {10, 60}}})), CommitResult::kCommitted);
    ASSERT_EQ(repository_->commit(grants({{3, {1000, 1}}})), CommitResult::kCommitted);
  }
};
INSTANTIATE_TEST_SUITE_P(Databases, SnapshotContract, testing::ValuesIn(sql_backends()), name_of_backend());

TEST_P(SnapshotContract, TellsTheVersionOfTheSchemaAndWhoLeads) {
  fill();
  const auto read = [&] {
    const auto snapshot = open_snapshot(address(), kTimeout);
    EXPECT_GE(snapshot->read_schema_version(), 3);
    return snapshot->read_lead();
  };
  auto lead = read();
  EXPECT_EQ(lead.epoch, epoch_);
  EXPECT_EQ(lead.taken_at, kAt.time_since_epoch().count());
  EXPECT_EQ(std::count(lead.holder.begin(), lead.holder.end(), ':'), 2) << lead.holder;
  EXPECT_EQ(lead.is_held, is_sqlite()) << "the lock on the file is held; the lease has run out";
  ASSERT_TRUE(take(*repository_, kLasting));
  lead = read();
  EXPECT_EQ(lead.is_held, true);
  EXPECT_EQ(lead.endpoint, is_sqlite() ? "" : kLasting.endpoint);
  EXPECT_EQ(lead.lease_until.has_value(), !is_sqlite());
  repository_.reset();
  EXPECT_EQ(read().is_held, !is_sqlite()) << "the lock ends with the server; its lease does not";
}

TEST_P(SnapshotContract, ATakeOverOfADamagedStoreDoesNotRaiseTheEpoch) {
  fill();
  const auto client = connect_unchecked();
  for (const std::string damage :
       {"DELETE FROM ledger WHERE seq = 1",
        "INSERT INTO ledger (semester_id, seq, at, kind) SELECT semester_id, 5, at, 1 FROM ledger WHERE seq = 1"}) {
    client->run(damage);
    const auto before = client->run("SELECT epoch, holder FROM leadership");
    EXPECT_EQ(failure_of([&] { static_cast<void>(take(*repository_)); }), Kind::kCorrupt) << damage;
    EXPECT_EQ(client->run("SELECT epoch, holder FROM leadership"), before) << damage;
    restore(*client);
  }
  EXPECT_TRUE(take(*repository_));
}

TEST_P(SnapshotContract, AStoreFitsBesideTheServerThatLeadsAndAfterItsEnd) {
  fill();
  for (const bool runs : {true, false}) {
    if (!runs) repository_.reset();
    const auto report = look();
    EXPECT_TRUE(report.fits()) << sentence(report);
    EXPECT_EQ(report.programs, 5U);
    EXPECT_EQ(report.faculties, 1U);
    EXPECT_EQ(report.file_faults.has_value(), is_sqlite());
    ASSERT_EQ(report.semesters.size(), 1U);
    EXPECT_EQ(report.semesters[0].entries, 4);
    EXPECT_EQ(report.semesters[0].grants, 3);
    EXPECT_EQ(report.semesters[0].left, semester_.left);
    EXPECT_EQ(report.semesters[0].semester.head, 4);
  }
  EXPECT_EQ(reopen().epoch, 2) << "a snapshot takes no lead";
}

TEST_P(SnapshotContract, SeesOneMomentAndKeepsNoServerWaiting) {
  fill();
  const auto snapshot = open_snapshot(address(), kTimeout);
  EXPECT_EQ(snapshot->survey().semesters[0].head, 4);
  ASSERT_EQ(repository_->commit(grants({{4, {1, 1}}})), CommitResult::kCommitted);
  ASSERT_TRUE(repository_->add_programs(epoch_, {program(6), program(7, 2)}, kAt));
  EXPECT_EQ(reopen().epoch, 2) << "nor does it keep the next one from taking over";
  const auto report = verify(*snapshot, [](const VerifyProgress&) {});
  EXPECT_TRUE(report.fits()) << sentence(report);
  EXPECT_EQ(report.semesters[0].entries, 4);
  EXPECT_EQ(report.programs, 5U);
  EXPECT_EQ(look().semesters[0].entries, 5);
  EXPECT_EQ(look().programs, 7U);
}

TEST_P(SnapshotContract, ReadsTheSameAsTheConnectionOfTheWriter) {
  fill();
  const auto snapshot = open_snapshot(address(), kTimeout);
  EXPECT_EQ(snapshot->survey().semesters, repository_->survey().semesters);
  EXPECT_EQ(snapshot->survey().catalog, repository_->survey().catalog);
  for (const Seq after : {0, 1, 3, 4}) {
    EXPECT_EQ(read_all(*snapshot, 1, after, 4), read_all(*repository_, 1, after, 4));
    EXPECT_EQ(read_all(*snapshot, 1, after, 3), read_all(*repository_, 1, after, 3));
  }
}

TEST_P(SnapshotContract, AnEmptyStoreIsRefusedAndStaysEmpty) {
  if (is_sqlite()) {
    EXPECT_EQ(failure_of([&] { static_cast<void>(open_snapshot(address(), kTimeout)); }), Kind::kRefused);
    EXPECT_FALSE(std::filesystem::exists(backend_->where())) << "a file that is not there is not made";
  }
  backend_->give_to_the_servers();
  const auto client = backend_->connect();
  client->run("CREATE TABLE other (a integer)");
  const auto open = [&] { static_cast<void>(open_snapshot(address(), kTimeout)); };
  EXPECT_EQ(failure_of(open), Kind::kRefused);
  EXPECT_NE(failure_text(open).find("is empty: no dti_server has used it yet"), std::string::npos)
      << failure_text(open);
  EXPECT_THROW(client->run("SELECT * FROM schema_version"), SqlRefused);
}

TEST_P(SnapshotContract, ANewerSchemaIsRefused) {
  fill();
  backend_->connect()->run("INSERT INTO schema_version SELECT 99, applied_at FROM schema_version WHERE version = 1");
  const auto open = [&] { static_cast<void>(open_snapshot(address(), kTimeout)); };
  EXPECT_EQ(failure_of(open), Kind::kRefused);
  EXPECT_NE(failure_text(open).find("version 99"), std::string::npos) << failure_text(open);
}

TEST_P(SnapshotContract, ATamperedStoreIsReportedAndNotServed) {
  struct Case {
    std::vector<std::string> statements;
    const char* sentence;  // of verify()
    const char* refusal;   // part of what the server says; null: it does not look at that
  };
  const std::string copy =
      "INSERT INTO ledger (semester_id, seq, at, kind, program_id, generation, classrooms_wanted, labs_wanted,"
      " classrooms_granted, labs_granted, mobile_labs_granted, status) SELECT ";
  const std::string columns =
      ", generation, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted, mobile_labs_granted, status"
      " FROM ledger WHERE seq = 2";
  const Case cases[] = {
      {{"DELETE FROM ledger WHERE seq = 1"},
       "entry 1: the entry is missing; stored: entry 2; expected: entry 1",
       "semester \"2025-10\": entry 1: the entry is missing, or does not open the semester"},
      {{"DELETE FROM ledger WHERE seq = 3"},
       "entry 3: the entry is missing; stored: entry 4; expected: entry 3",
       "semester \"2025-10\": entry 3: the entry is missing; stored: entry 4; expected: entry 3"},
      {{"DELETE FROM ledger WHERE seq = 4"},
       "the semester's head is not its last entry; stored: head 4; expected: head 3",
       "semester \"2025-10\": entry 4: the entry is missing"},
      {{"UPDATE ledger SET classrooms_granted = 8 WHERE seq = 2"},
       "entry 2, program 1: the grant is not what the rule gives for 7 classrooms and 2 labs from 380 classrooms, 60"
       " labs and 100 conversions; stored: 8 classrooms, 2 labs and 0 mobile labs; expected: 7 classrooms, 2 labs and 0"
       " mobile labs",
       "semester \"2025-10\": entry 2, program 1: the grant is not what the rule gives"},
      {{"UPDATE ledger SET classrooms_granted = -7 WHERE seq = 2"},
       "entry 2, program 1: the grant is not what the rule gives for 7 classrooms and 2 labs from 380 classrooms, 60"
       " labs and 100 conversions; stored: -7 classrooms, 2 labs and 0 mobile labs; expected: 7 classrooms, 2 labs and"
       " 0 mobile labs",
       "semester \"2025-10\": entry 2, program 1: the grant is not what the rule gives"},
      {{"UPDATE ledger SET program_id = 1 WHERE seq = 3"},
       "entry 3, program 1: the program is granted a second time; entry 2 has its grant",
       "semester \"2025-10\": entry 3, program 1: the program is granted a second time"},
      {{"UPDATE ledger SET program_id = 1, generation = 2 WHERE seq = 3"},
       "entry 3, program 1: the program is granted a second time; entry 2 has its grant",
       "semester \"2025-10\": entry 3, program 1: the program is granted a second time"},
      {{"UPDATE ledger SET program_id = 99 WHERE seq = 3"},
       "entry 3, program 99: the program is not in the catalogue; stored: program 99; expected: 1 to 5",
       "semester \"2025-10\": entry 3, program 99: the program is not in the catalogue"},
      {{"UPDATE ledger SET status = 0 WHERE seq = 4"},
       "entry 4, program 3: the status is not that of the grant; stored: OK; expected:"
       " NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT",
       nullptr},
      {{"UPDATE ledger SET kind = 1, status = NULL WHERE seq = 4"},
       "entry 4, program 3: the entry does not have the columns of released",
       "semester \"2025-10\": entry 4, program 3: the entry does not have the columns of released"},
      {{"UPDATE ledger SET kind = 99 WHERE seq = 4"},
       "entry 4, program 3: the entry is of a kind for which this version has no rule; stored: kind 99",
       "entry 4, program 3: the entry is of a kind for which this version has no rule; stored: kind 99"},
      {{copy + "1, 5, at, 0, 4" + columns, "UPDATE semester SET head = 5"},
       "entry 5, program 4: the grant is not what the rule gives for 7 classrooms and 2 labs from 0 classrooms, 0 labs"
       " and 97 conversions; stored: 7 classrooms, 2 labs and 0 mobile labs; expected: 0 classrooms, 0 labs and 0"
       " mobile labs",
       "semester \"2025-10\": entry 5 has no seal: no server wrote it"},
      {{copy + "1, 0, at, 0, 4" + columns},
       "entry 1: the entry is missing; stored: entry 0; expected: entry 1",
       nullptr},
      {{copy + "1, -9223372036854775808, at, 0, 4" + columns},
       "entry 1: the entry is missing; stored: entry -9223372036854775808; expected: entry 1",
       nullptr},
      {{copy + "9, 1, at, 0, 4" + columns}, "the ledger has entries of semester number 9, which is not there", nullptr},
      {{"UPDATE semester SET labs_left = labs_left + 1"},
       "what the semester has left is not its capacity less the grants; stored: 0 classrooms, 1 labs and 97"
       " conversions; expected: 0 classrooms, 0 labs and 97 conversions",
       "semester \"2025-10\": what the semester has left is not its capacity less the grants"},
      {{"UPDATE semester SET conversions_capacity = 99"},
       "the semester's capacity is not what it was opened with; stored: 380 classrooms, 60 labs and 99 conversions;"
       " expected: 380 classrooms, 60 labs and 100 conversions",
       "semester \"2025-10\": the semester's capacity is not what it was opened with; stored: 380 classrooms, 60 labs "
       "and 99"
       " conversions; expected: 380 classrooms, 60 labs and 100 conversions"},
      {{"UPDATE semester SET head = 3"},
       "the semester's head is not its last entry; stored: head 3; expected: head 4",
       "semester \"2025-10\": the semester's head is not its last entry; stored: head 3; expected: head 4"},
      {{"UPDATE semester SET epoch = 9"},
       "the leadership never had the semester's epoch; stored: epoch 9; expected: 0 to 1",
       nullptr},
      {{"UPDATE semester SET is_open = (1 = 0)"}, "the semester is closed, and no entry closes it", nullptr},
      {{"DELETE FROM leadership"}, "the table leadership does not hold its one row", "leadership"},
      {{"DELETE FROM program WHERE id = 4"},
       "program 5: the catalogue is not dense, or a program's faculty is missing; stored: program 5; expected: program"
       " 4",
       "program 5: the catalogue is not dense"},
      {{"UPDATE program SET key = 'other' WHERE id = 4"},
       "program 4: the key of program \"Program 4\" is not that of its name; stored: \"other\"; expected: \"program4\"",
       nullptr},
      {{"INSERT INTO faculty VALUES (2, 'Alone', 'alone')"},
       "a faculty has no program; stored: 2 faculties; expected: 1 faculties",
       nullptr},
      {{"INSERT INTO program VALUES (6, 7, 'Of Nobody', 'ofnobody')"},
       "a program has no faculty, or a number below 1; stored: 6 programs; expected: 5 programs",
       nullptr},
  };
  fill();
  const auto client = connect_unchecked();
  EXPECT_TRUE(look().fits()) << sentence(look());
  for (const auto& c : cases) {
    SCOPED_TRACE(c.statements.back());
    restore(*client);
    for (const auto& statement : c.statements) client->run(statement);
    const auto report = look();
    EXPECT_FALSE(report.fits());
    EXPECT_EQ(sentence(report), c.sentence);
    if (c.refusal == nullptr) continue;
    const auto refusal = start_server();
    EXPECT_EQ(refusal.code, 1);
    EXPECT_NE(refusal.reason.find(c.refusal), std::string::npos) << refusal.reason;
  }
}

TEST_P(SnapshotContract, AServerStartsOnAStoreThatFits) {
  fill();
  EXPECT_EQ(start_server().reason, "");
}

/// In SQLite a reader waits for no other process.
class SnapshotLockContract : public SnapshotContract {};
INSTANTIATE_TEST_SUITE_P(Database, SnapshotLockContract, testing::ValuesIn(postgresql_backends()), name_of_backend());
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SnapshotLockContract);

TEST_P(SnapshotLockContract, WaitsForSomebodysLockNoLongerThanItWasTold) {
  fill();
  for (const std::string table : {"schema_version", "ledger"}) {
    const auto client = backend_->connect();
    client->run("BEGIN");
    client->run("LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE");
    const auto look_briefly = [&] {
      const auto snapshot = open_snapshot(address(), std::chrono::milliseconds{50});
      static_cast<void>(verify(*snapshot, [](const VerifyProgress&) {}));
    };
    EXPECT_EQ(failure_of(look_briefly), Kind::kUnavailable) << table;
    EXPECT_NE(failure_text(look_briefly).find("another session holds a lock"), std::string::npos)
        << failure_text(look_briefly);
    client->run("ROLLBACK");
  }
}

/// What a snapshot of the file reads: the semesters' rows and the ledger's, as far as verify() speaks of them.
std::pair<std::vector<StoredSemester>, std::vector<LedgerRow>> read_all_of(const std::filesystem::path& path) {
  const auto snapshot = open_snapshot(SqliteStoreAddress{path}, kTimeout);
  std::vector<LedgerRow> rows;
  snapshot->read_ledger(1, 1, std::numeric_limits<Seq>::max(), Columns::kAll, [&](const std::vector<LedgerRow>& piece) {
    rows.insert(rows.end(), piece.begin(), piece.end());
    return true;
  });
  return {snapshot->survey().semesters, rows};
}

/// What only a file can suffer: PostgreSQL looks after its own pages.
class SnapshotFileContract : public SnapshotContract {};
INSTANTIATE_TEST_SUITE_P(File, SnapshotFileContract, testing::Values(sqlite_backend()), name_of_backend());

TEST_P(SnapshotFileContract, ANumberOf64BitsIsNotTakenForASmallOne) {
  fill();
  const auto client = connect_unchecked();
  // Cut to 32 bits they would be program 6, and faculty 2.
  struct Case {
    const char* faculty;
    const char* program;
    const char* sentence;
  };
  for (const auto& c : {Case{"INSERT INTO faculty VALUES (2, 'Faculty 2', 'faculty2')",
                             "INSERT INTO program VALUES (4294967302, 2, 'Program 6', 'program6')",
                             "program 4294967302 of faculty 2 of the catalogue cannot be read"},
                        Case{"INSERT INTO faculty VALUES (4294967298, 'Faculty 2', 'faculty2')",
                             "INSERT INTO program VALUES (6, 4294967298, 'Program 6', 'program6')",
                             "program 6 of faculty 4294967298 of the catalogue cannot be read"}}) {
    restore(*client);
    client->run(c.faculty);
    client->run(c.program);
    EXPECT_FALSE(look().fits());
    EXPECT_NE(sentence(look()).find(c.sentence), std::string::npos) << sentence(look());
    const auto refusal = start_server();
    EXPECT_EQ(refusal.code, 1);
    EXPECT_NE(refusal.reason.find(c.sentence), std::string::npos) << refusal.reason;
  }
}

TEST_P(SnapshotFileContract, TheLowestNumberOf64BitsIsNotTakenForNull) {
  fill();
  const auto client = connect_unchecked();
  for (const std::string column : {"program_id", "classrooms_wanted", "status"}) {
    restore(*client);
    client->run("UPDATE ledger SET " + column + " = -9223372036854775808 WHERE seq = 1");
    const std::string expected = "a row of the ledger has the number -9223372036854775808, which no column may have";
    EXPECT_EQ(sentence(look()), expected) << column;
    EXPECT_NE(start_server().reason.find(expected), std::string::npos) << column;
  }
}

TEST_P(SnapshotFileContract, AFlippedByteIsReportedOrChangesNothingThatIsPromised) {
  start();
  // Whole grants: what a partial one wanted beyond its rooms could have been more.
  ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}, {2, {10, 60}}, {3, {1, 1}}})), CommitResult::kCommitted);
  std::vector<std::size_t> roots;
  for (const std::string table : {"semester", "ledger", "leadership"}) {
    const auto found = backend_->connect()->run("SELECT rootpage FROM sqlite_master WHERE name = '" + table + "'");
    roots.push_back(std::stoul(found.at(0)[0].value()));
  }
  repository_.reset();  // everything is in the one file now
  const std::filesystem::path file = backend_->where();
  const std::filesystem::path damaged = file.string() + ".damaged";
  std::ifstream in{file, std::ios::binary};
  const std::string whole{std::istreambuf_iterator<char>{in}, {}};
  const auto expected = read_all_of(file);
  constexpr std::size_t kPage = 4096;
  std::size_t reported = 0;
  for (const auto root : roots) {
    for (std::size_t at = (root - 1) * kPage; at < root * kPage; ++at) {
      if (whole[at] == 0) continue;  // between the cells there is nothing
      auto bytes = whole;
      bytes[at] = static_cast<char>(~bytes[at]);
      for (const char* const suffix : {"-wal", "-shm"}) std::filesystem::remove(damaged.string() + suffix);
      std::ofstream{damaged, std::ios::binary} << bytes;
      try {
        const auto snapshot = open_snapshot(SqliteStoreAddress{damaged}, kTimeout);
        const auto report = verify(*snapshot, [](const VerifyProgress&) {});
        reported += report.fits() ? 0 : 1;
        if (report.fits()) {
          auto found = read_all_of(damaged);
          // A name may be any, and an epoch any that was; neither can be known to be wrong.
          for (auto& semester : found.first) semester.name = expected.first[0].name;
          ASSERT_TRUE(found == expected) << "byte " << at % kPage << " of page " << root;
        }
      } catch (const StorageError&) {
        ++reported;
      }
    }
  }
  EXPECT_GT(reported, 100U);
}

}  // namespace
}  // namespace dti::contract
