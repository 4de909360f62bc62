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
  backend_->close_semester(1);
  const Leadership leadership = lead();
  ASSERT_EQ(leadership.semesters.size(), 1U);
  EXPECT_FALSE(leadership.semesters[0].is_open);
  EXPECT_EQ(leadership.semesters[0].epoch, leadership.epoch);
}

TEST_P(FenceContract, AReplacedLeaderWritesNothingIntoAClosedSemester) {
  if (!backend_->takes_two_servers()) GTEST_SKIP() << "one process at a time can open the file";
  start();
  backend_->close_semester(1);
  const auto next = backend_->open();
  ASSERT_TRUE(take(*next));
  EXPECT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kReplaced);
  EXPECT_EQ(read_all(*next, 1, 0, 10).size(), 1U);
}

TEST_P(FenceContract, AGrantIsReleasedOnce) {
  start();
  ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted);
  const auto release = [&] {
    Batch batch = grants({{1, {7, 2}}});
    batch.entries[0].kind = EntryKind::kReleased;
    batch.charged = {-batch.charged.classrooms, -batch.charged.labs, -batch.charged.conversions_left};
    return batch;
  };
  ASSERT_EQ(repository_->commit(release()), CommitResult::kCommitted);
  EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->commit(release())); }), Kind::kInvariant);
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
    while (repository_->read_unsealed()) {
    }
    epoch_ = leadership.epoch;
    return leadership;
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

TEST_P(ChainContract, TheFirstBatchAfterAnOlderVersionSealsItsEntriesToo) {
  fill();
  const auto client = backend_->connect();
  ASSERT_TRUE(repository_->add_programs(epoch_, {program(6), program(7), program(8)}, kAt));
  write_as_before(*client, 6);
  write_as_before(*client, 7);
  EXPECT_EQ(look().semesters[0].unsealed, 2);
  EXPECT_EQ(faults(look()), "");
  take_over_and_seal();
  ASSERT_EQ(repository_->commit(grants({{8, {1, 0}}})), CommitResult::kCommitted);
  EXPECT_EQ(look().semesters[0].unsealed, 0);
  EXPECT_EQ(faults(look()), "");
  const auto sealed = client->run("SELECT seq FROM ledger WHERE seal IS NOT NULL ORDER BY seq");
  EXPECT_EQ(sealed, (Rows{{"1"}, {"3"}, {"5"}, {"6"}, {"9"}}));
}

TEST_P(ChainContract, AMigrationChangesNoEntryAndTheFirstBatchSealsAllBeforeIt) {
  backend_->give_to_the_servers();
  fill();
  repository_.reset();
  const auto client = backend_->connect();
  take_back(*client, is_sqlite() ? "sqlite" : "postgresql", "0003_seals");
  repository_ = backend_->open();
  EXPECT_EQ(look().semesters.size(), 1U) << "a store of the version before can be verified";
  EXPECT_FALSE(look().store_id);
  take_over_and_seal();
  EXPECT_EQ(look().semesters[0].unsealed, 6);
  EXPECT_EQ(look().registered, 7) << "the take-over registers what is there";
  ASSERT_TRUE(repository_->add_programs(epoch_, {program(6)}, kAt));
  ASSERT_EQ(repository_->commit(grants({{6, {1, 0}}})), CommitResult::kCommitted);
  EXPECT_EQ(client->run("SELECT seq FROM ledger WHERE seal IS NOT NULL"), (Rows{{"7"}}));
  EXPECT_TRUE(look().fits()) << faults(look());
}

TEST_P(ChainContract, ATakeOverRegistersWhatAnOlderVersionHasAdded) {
  start();
  const auto client = backend_->connect();
  client->run("INSERT INTO faculty (id, name, key) VALUES (2, 'Faculty 2', 'faculty2')");
  client->run("INSERT INTO program (id, faculty_id, name, key) VALUES (6, 2, 'Program 6', 'program6')");
  EXPECT_TRUE(look().fits()) << "what is not registered yet is no difference";
  EXPECT_EQ(look().registered, 7);
  lead();
  EXPECT_EQ(look().registered, 9);
  EXPECT_EQ(faults(look()), "");
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
