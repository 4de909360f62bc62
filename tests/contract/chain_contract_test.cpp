// Seals and the registry: what every store writes, what a verification finds of a store that its owner has changed behind
// the triggers, and what a server notices by itself.
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "contract/store_fixture.hpp"
#include "dti/repository/open/open_snapshot.hpp"
#include "dti/service/ledger/verify.hpp"

namespace dti::contract {
namespace {

using Kind = StorageError::Kind;
constexpr std::chrono::milliseconds kTimeout{5'000};
constexpr const char* kTables[] = {"faculty", "program", "leadership", "semester", "ledger", "registry"};

/// For every store.
class FenceContract : public StoreTest {};
INSTANTIATE_TEST_SUITE_P(Backends, FenceContract, testing::ValuesIn(all_backends()), name_of_backend());

TEST_P(FenceContract, ATakeOverRaisesTheEpochOfAClosedSemesterToo) {
  start();
  close();
  const Leadership leadership = lead();
  ASSERT_EQ(leadership.semesters.size(), 1U);
  EXPECT_FALSE(leadership.semesters[0].is_open);
  EXPECT_EQ(leadership.semesters[0].epoch, leadership.epoch);
}

TEST_P(FenceContract, AReplacedLeaderWritesNothingIntoAClosedSemester) {
  if (!backend_->takes_two_servers()) GTEST_SKIP() << "one process at a time can open the file";
  start();
  close();
  const auto next = backend_->open();
  ASSERT_TRUE(take(*next));
  EXPECT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kReplaced);
  EXPECT_EQ(read_all(*next, 1, 0, 10).size(), 2U);
}

/// For the databases.
class ChainContract : public StoreTest {
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

  /// All that a report says about seals and the registry.
  static std::string faults(const VerifyReport& report) {
    std::string text = report.unreadable.value_or("");
    for (const auto& semester : report.semesters) {
      if (semester.seal_difference) text += semester.seal_difference->what + '\n';
    }
    for (const auto& difference : report.differences) text += difference.what + '\n';
    return text;
  }

  /// As the owner, without triggers, CHECKs and unique indexes, with a copy of all tables.
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
    for (const std::string table : {"ledger", "semester", "program", "faculty", "leadership", "registry"}) {
      client.run("DELETE FROM " + table);
    }
    for (const std::string table : kTables) client.run("INSERT INTO " + table + " SELECT * FROM " + table + "_copy");
  }

  /// Three batches: entries 2 and 3, 4 and 5, 6.
  void fill() {
    start();
    ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}, {2, {10, 3}}})), CommitResult::kCommitted);
    ASSERT_EQ(repository_->commit(grants({{3, {4, 1}}, {4, {4, 1}}})), CommitResult::kCommitted);
    ASSERT_EQ(repository_->commit(grants({{5, {1, 0}}})), CommitResult::kCommitted);
  }

  /// Writes a grant as a version without seals does.
  void write_as_before(SqlClient& client, ProgramId id) {
    const std::string seq = std::to_string(semester_.head + 1);
    client.run("UPDATE semester SET head = " + seq + " WHERE id = 1");
    client.run(
        "INSERT INTO ledger (semester_id, seq, at, kind, program_id, generation, classrooms_wanted, labs_wanted,"
        " classrooms_granted, labs_granted, mobile_labs_granted, status) SELECT 1, " +
        seq + ", at, 0, " + std::to_string(id) + ", 1, 0, 0, 0, 0, 0, 0 FROM ledger WHERE seq = 1");
    semester_.head += 1;
    semester_.last_entry = semester_.head;
  }

  Leadership take_over_and_seal() {
    const Leadership leadership = lead();
    epoch_ = leadership.epoch;
    while (repository_->seal_older(epoch_, kAt)) {
    }
    return leadership;
  }

  /// A store of a version without seals: a semester with six entries, and one in which nothing was granted.
  void fill_as_before() {
    backend_->give_to_the_servers();
    fill();
    ASSERT_EQ(repository_->open_semester(epoch_, "2024-10", kCapacity, kAt).result, OpenResult::kOpened);
    repository_.reset();
    take_back(*backend_->connect(), is_sqlite() ? "sqlite" : "postgresql", 2);
    repository_ = backend_->open();
  }
};
INSTANTIATE_TEST_SUITE_P(Databases, ChainContract, testing::ValuesIn(sql_backends()), name_of_backend());

TEST_P(ChainContract, EachBatchHasOneSealAndTheStoreFits) {
  start();
  std::set<std::string> ends{"1"};
  for (const std::size_t size : {1U, 3U, 8U, 9U, 100U, 2'100U}) {  // by parameters, by arrays, by COPY
    ASSERT_EQ(repository_->commit(large_batch(size)), CommitResult::kCommitted) << size;
    ends.insert(std::to_string(semester_.head));
  }
  const auto client = backend_->connect();
  std::set<std::string> sealed;
  for (const auto& row : client->run("SELECT seq FROM ledger WHERE seal IS NOT NULL")) sealed.insert(row[0].value());
  EXPECT_EQ(sealed, ends);
  const auto report = look();
  EXPECT_EQ(faults(report), "");
  EXPECT_EQ(report.semesters[0].unsealed, 0);
  EXPECT_EQ(report.registered, 7);
  EXPECT_EQ(client->run("SELECT sealed_head = head FROM semester"), client->run("SELECT 1 = 1"));
}

TEST_P(ChainContract, FindsEachChangeThatItsOwnerMakes) {
  fill();
  ASSERT_EQ(repository_->open_semester(epoch_, "2026-10", kCapacity, kAt).result, OpenResult::kOpened);
  const auto client = connect_unchecked();
  repository_.reset();
  struct Attack {
    const char* name;
    std::vector<std::string> sql;
    const char* found;
  };
  const Attack attacks[] = {
      {"a changed row",
       {"UPDATE ledger SET request_id = 'other' WHERE semester_id = 1 AND seq = 3"},
       "fit entries 2 to 3"},
      {"a changed time",
       {"UPDATE ledger SET at = (SELECT at FROM ledger WHERE seq = 1 LIMIT 1) + TICK WHERE semester_id = 1 AND seq = "
        "6"},
       "fit entry 6"},
      {"a removed row", {"DELETE FROM ledger WHERE semester_id = 1 AND seq = 4"}, "fit entries 4 to 5"},
      {"a removed row, the others moved up",
       {"DELETE FROM ledger WHERE semester_id = 1 AND seq = 4",
        "UPDATE ledger SET seq = 4 WHERE semester_id = 1 AND seq = 5",
        "UPDATE ledger SET seq = 5 WHERE semester_id = 1 AND seq = 6",
        "UPDATE semester SET head = 5, sealed_head = 5 WHERE id = 1"},
       "fit entry 4"},
      {"a removed batch", {"DELETE FROM ledger WHERE semester_id = 1 AND seq IN (4, 5)"}, "fit entries 4 to 6"},
      {"a removed tail", {"DELETE FROM ledger WHERE semester_id = 1 AND seq = 6"}, "the last seal is not the one"},
      {"an inserted row",
       {"UPDATE ledger SET seq = 7 WHERE semester_id = 1 AND seq = 6",
        "INSERT INTO ledger (semester_id, seq, at, kind, program_id, generation, classrooms_wanted, labs_wanted,"
        " classrooms_granted, labs_granted, mobile_labs_granted, status) SELECT 1, 6, at, 0, 5, 2, 0, 0, 0, 0, 0, 0"
        " FROM ledger_copy WHERE semester_id = 1 AND seq = 1",
        "UPDATE semester SET head = 7, sealed_head = 7 WHERE id = 1"},
       "fit entries 6 to 7"},
      {"two rows in the other order",
       {"UPDATE ledger SET seq = -1 WHERE semester_id = 1 AND seq = 4",
        "UPDATE ledger SET seq = 4, seal = NULL WHERE semester_id = 1 AND seq = 5",
        "UPDATE ledger SET seq = 5, seal = (SELECT seal FROM ledger_copy WHERE semester_id = 1 AND seq = 5)"
        " WHERE semester_id = 1 AND seq = -1"},
       "fit entries 4 to 5"},
      {"a removed seal", {"UPDATE ledger SET seal = NULL WHERE semester_id = 1 AND seq = 3"}, "fit entries 2 to 5"},
      {"two programs with their names swapped",
       {"UPDATE program SET name = 'x', key = 'x' WHERE id = 1",
        "UPDATE program SET name = 'Program 1', key = 'program1' WHERE id = 2",
        "UPDATE program SET name = 'Program 2', key = 'program2' WHERE id = 1"},
       "program number 1 is not as the registry has it"},
      {"two programs swapped in the registry too",
       {"UPDATE program SET name = 'x', key = 'x' WHERE id = 1",
        "UPDATE program SET name = 'Program 1', key = 'program1' WHERE id = 2",
        "UPDATE program SET name = 'Program 2', key = 'program2' WHERE id = 1",
        "UPDATE registry SET name = 'Program 2', key = 'program2' WHERE program_id = 1",
        "UPDATE registry SET name = 'Program 1', key = 'program1' WHERE program_id = 2"},
       "registry: the seal does not fit entries 1 to 6"},
      {"two semesters with their names swapped",
       {"UPDATE semester SET name = 'x' WHERE id = 1", "UPDATE semester SET name = '2025-10' WHERE id = 2",
        "UPDATE semester SET name = '2026-10' WHERE id = 1"},
       "semester number 1 is not as the registry has it"},
      {"a missing semester",
       {"DELETE FROM ledger WHERE semester_id = 2", "DELETE FROM semester WHERE id = 2"},
       "semester number 2 is missing"},
      {"a semester that the registry lacks too",
       {"DELETE FROM ledger WHERE semester_id = 2", "DELETE FROM semester WHERE id = 2",
        "DELETE FROM registry WHERE semester_id = 2"},
       "registry: the last seal is not the one"},
      {"a changed head", {"UPDATE semester SET sealed_head = 5 WHERE id = 1"}, "the last seal is not the one"},
      {"a changed seal of the head",
       {"UPDATE semester SET seal = (SELECT seal FROM ledger WHERE semester_id = 1 AND seq = 3) WHERE id = 1"},
       "the last seal is not the one"},
      {"an inserted tail without a seal",
       {"INSERT INTO ledger (semester_id, seq, at, kind, program_id, generation, classrooms_wanted, labs_wanted,"
        " classrooms_granted, labs_granted, mobile_labs_granted, status) SELECT 1, 7, at, 0, 5, 2, 0, 0, 0, 0, 0, 0"
        " FROM ledger_copy WHERE semester_id = 1 AND seq = 1",
        "UPDATE semester SET head = 7 WHERE id = 1"},
       "entry 7 has no seal: no server wrote it"},
      {"an inserted program",
       {"INSERT INTO program (id, faculty_id, name, key) VALUES (6, 1, 'Program 6', 'program6')"},
       "program number 6, \"Program 6\", is not in the registry"},
      {"an inserted semester",
       {"UPDATE semester SET id = 3, name = '2027-10' WHERE id = 2",
        "INSERT INTO semester SELECT * FROM semester_copy WHERE id = 2"},
       "semester number 3, \"2027-10\", is not in the registry"},
      {"a head without seals", {"UPDATE semester SET sealed_head = 0, seal = NULL"}, "the last seal is not the one"},
      {"another store id", {"UPDATE leadership SET store_id = STOREID"}, "registry: the seal does not fit"},
  };
  for (const auto& attack : attacks) {
    for (auto sql : attack.sql) {
      const auto put = [&](const std::string& mark, const std::string& text) {
        if (const auto at = sql.find(mark); at != std::string::npos) sql.replace(at, mark.size(), text);
      };
      put("TICK", is_sqlite() ? "1" : "interval '1 microsecond'");
      put("STOREID", is_sqlite() ? "x'000102030405060708090a0b0c0d0e0f'" : "'\\x000102030405060708090a0b0c0d0e0f'");
      client->run(sql);
    }
    const auto report = look();
    EXPECT_FALSE(report.fits()) << attack.name;
    EXPECT_NE(faults(report).find(attack.found), std::string::npos) << attack.name << ": " << faults(report);
    restore(*client);
  }
  EXPECT_EQ(faults(look()), "");
}

TEST_P(ChainContract, ATakeOverRefusesEntriesWithoutASealAndVerifyReportsThem) {
  fill();
  const auto client = backend_->connect();
  ASSERT_TRUE(repository_->add_programs(epoch_, {program(6), program(7)}, kAt));
  write_as_before(*client, 6);
  write_as_before(*client, 7);
  EXPECT_EQ(faults(look()), "entries 7 to 8 have no seal: no server wrote them\n");
  const auto epoch = client->run("SELECT epoch FROM leadership");
  EXPECT_EQ(failure_text([&] { static_cast<void>(take(*repository_)); }),
            "semester \"2025-10\": entries 7 to 8 have no seal: no server wrote them");
  EXPECT_EQ(client->run("SELECT epoch FROM leadership"), epoch);
}

TEST_P(ChainContract, ATakeOverRefusesAProgramThatTheRegistryLacksAndVerifyReportsIt) {
  start();
  const auto client = backend_->connect();
  client->run("INSERT INTO faculty (id, name, key) VALUES (2, 'Faculty 2', 'faculty2')");
  client->run("INSERT INTO program (id, faculty_id, name, key) VALUES (6, 2, 'Program 6', 'program6')");
  EXPECT_EQ(faults(look()), "program number 6, \"Program 6\", is not in the registry: no server added it\n");
  EXPECT_EQ(failure_text([&] { static_cast<void>(take(*repository_)); }),
            "faculty number 2, \"Faculty 2\", is not in the registry: no server added it");
}

TEST_P(ChainContract, ATakeOverRefusesAnEntryOfTheRegistryWithoutASeal) {
  start();
  const auto client = backend_->connect();
  client->run("INSERT INTO program (id, faculty_id, name, key) VALUES (6, 1, 'Program 6', 'program6')");
  client->run(
      "INSERT INTO registry (seq, at, kind, faculty_id, program_id, name, key)"
      " SELECT 8, at, 2, 1, 6, 'Program 6', 'program6' FROM registry WHERE seq = 1");
  EXPECT_EQ(faults(look()), "registry: entry 8 has no seal: no server wrote it\n");
  EXPECT_EQ(failure_text([&] { static_cast<void>(take(*repository_)); }),
            "the registry: entry 8 has no seal: no server wrote it");
}

TEST_P(ChainContract, ATakeOverRefusesASemesterThatTheRegistryLacksAndVerifyReportsIt) {
  start();
  const auto client = connect_unchecked();
  client->run("UPDATE semester SET id = 2, name = '2026-10' WHERE id = 1");
  client->run("UPDATE ledger SET semester_id = 2");
  client->run("INSERT INTO semester SELECT * FROM semester_copy");
  client->run("INSERT INTO ledger SELECT * FROM ledger_copy");
  const std::string text = "semester number 2, \"2026-10\", is not in the registry: no server added it";
  EXPECT_NE(faults(look()).find(text), std::string::npos) << faults(look());
  EXPECT_EQ(failure_text([&] { static_cast<void>(take(*repository_)); }), text);
}

TEST_P(ChainContract, TheFirstTakeOverSealsWhatAnOlderVersionWroteAndChangesNoEntry) {
  fill_as_before();
  const auto client = backend_->connect();
  EXPECT_EQ(look().semesters.size(), 2U) << "a store of the version before can be verified";
  EXPECT_FALSE(look().store_id);
  lead();
  EXPECT_FALSE(look().store_id) << "until all entries are read";
  EXPECT_EQ(faults(look()), "");
  take_over_and_seal();
  EXPECT_EQ(look().registered, 10) << "a faculty, 5 programs, and 2 semesters with their first seals";
  EXPECT_EQ(client->run("SELECT seq FROM ledger WHERE seal IS NOT NULL"), Rows{});
  EXPECT_EQ(client->run("SELECT count(*) FROM semester WHERE sealed_head = head"), Rows{{"2"}});
  EXPECT_EQ(faults(look()), "");
  ASSERT_TRUE(repository_->add_programs(epoch_, {program(6)}, kAt));
  ASSERT_EQ(repository_->commit(grants({{6, {1, 0}}})), CommitResult::kCommitted);
  EXPECT_EQ(client->run("SELECT seq FROM ledger WHERE seal IS NOT NULL"), (Rows{{"7"}}));
  EXPECT_EQ(faults(look()), "");
}

TEST_P(ChainContract, OnlyTheFirstTakeOverReadsWhatAnOlderVersionWrote) {
  fill_as_before();
  take_over_and_seal();
  for (int times = 0; times < 2; ++times) {
    epoch_ = lead().epoch;
    EXPECT_FALSE(repository_->seal_older(epoch_, kAt)) << "nothing is read";
  }
  EXPECT_EQ(faults(look()), "");
}

TEST_P(ChainContract, AChangeOfWhatAnOlderVersionWroteIsFoundAfterItWasSealed) {
  fill_as_before();
  take_over_and_seal();
  repository_.reset();
  const auto client = connect_unchecked();
  client->run("UPDATE ledger SET request_id = 'other' WHERE semester_id = 1 AND seq = 3");
  EXPECT_NE(faults(look()).find("the seal does not fit entries 1 to 6"), std::string::npos) << faults(look());
  restore(*client);
  client->run("UPDATE registry SET head = 5 WHERE kind = 4 AND semester_id = 1");
  EXPECT_NE(faults(look()).find("registry: the seal does not fit"), std::string::npos) << faults(look());
}

TEST_P(ChainContract, AStoreKeepsItsIdAndItsChainsDoNotBecomeShorter) {
  fill();
  const auto client = backend_->connect();
  const std::string id = is_sqlite() ? "zeroblob(16)" : "decode(repeat('00', 16), 'hex')";
  const std::string changes[] = {
      "leadership SET store_id = NULL",
      "leadership SET store_id = " + id,
      "leadership SET registry_head = registry_head - 1",
      "leadership SET registry_head = 0, registry_seal = NULL",
      "semester SET sealed_head = sealed_head - 1",
      "semester SET sealed_head = 0, seal = NULL",
      "semester SET sealed_head = head + 1",
      "semester SET seal = NULL",
      "semester SET seal = " + id,
  };
  for (const auto& change : changes) {
    EXPECT_THROW(client->run("UPDATE " + change), SqlRefused) << change;
  }
  EXPECT_EQ(faults(look()), "");
}

TEST_P(ChainContract, AStoreThatLostItsIdIsNotSealedAgain) {
  fill();
  repository_.reset();
  const auto client = connect_unchecked();
  repository_ = backend_->open();
  const auto refusal = [&] { return failure_text([&] { static_cast<void>(take(*repository_)); }); };
  client->run("UPDATE leadership SET store_id = NULL");
  EXPECT_EQ(refusal(), "semester \"2025-10\": its last sealed entry is 6, and the store id is missing");
  EXPECT_FALSE(look().fits());
  client->run("UPDATE semester SET sealed_head = 0, seal = NULL");
  EXPECT_EQ(refusal(), "the store has a registry, and its store id is missing");
  client->run("DELETE FROM registry");
  client->run("UPDATE leadership SET registry_head = 0, registry_seal = NULL");
  epoch_ = lead().epoch;
  EXPECT_EQ(failure_text([&] { static_cast<void>(repository_->seal_older(epoch_, kAt)); }),
            "semester \"2025-10\": entry 1 has a seal, and the store id is missing");
}

TEST_P(ChainContract, ATakeOverRefusesARewrittenHistoryAndReplacesNoLeader) {
  fill();
  const auto client = connect_unchecked();
  struct Rewriting {
    std::string sql;
    std::string what;
  };
  for (const auto& [sql, what] : {
           Rewriting{
               "UPDATE ledger SET seal = (SELECT seal FROM ledger WHERE semester_id = 1 AND seq = 1) WHERE seq = 6",
               ""},
           Rewriting{"UPDATE semester SET seal = (SELECT seal FROM ledger WHERE semester_id = 1 AND seq = 1)",
                     "entry 6"},
           Rewriting{"UPDATE leadership SET registry_seal = (SELECT seal FROM semester)", "entry 7 of the registry"},
       }) {
    client->run(sql);
    const auto epoch = client->run("SELECT epoch FROM leadership");
    const auto text = failure_text([&] { static_cast<void>(take(*repository_)); });
    if (what.empty()) {
      EXPECT_EQ(text, "") << "a row behind the head is for dtictl verify";
    } else {
      EXPECT_NE(text.find("the history of the store was rewritten: " + what), std::string::npos) << text;
      EXPECT_EQ(client->run("SELECT epoch FROM leadership"), epoch);
    }
    restore(*client);
  }
  EXPECT_TRUE(take(*repository_));
}

TEST_P(ChainContract, AStandbyRefusesARewrittenHistory) {
  if (is_sqlite()) GTEST_SKIP() << "one process at a time can open the file";
  fill();
  ASSERT_TRUE(take(*repository_, kLasting));
  epoch_ += 1;
  const auto standby = backend_->open();
  ASSERT_TRUE(standby->watch().held);
  ASSERT_TRUE(repository_->add_programs(epoch_, {program(6)}, kAt));
  ASSERT_EQ(repository_->commit(grants({{6, {1, 0}}})), CommitResult::kCommitted);
  ASSERT_TRUE(standby->watch().held) << "the ledger went on";
  const auto client = connect_unchecked();
  client->run("UPDATE ledger SET seal = (SELECT seal FROM ledger WHERE seq = 1) WHERE seq = 7");
  client->run("UPDATE semester SET seal = (SELECT seal FROM ledger WHERE seq = 1)");
  EXPECT_EQ(failure_of([&] { static_cast<void>(standby->watch()); }), Kind::kRewritten);
}

}  // namespace
}  // namespace dti::contract
