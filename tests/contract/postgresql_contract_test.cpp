// What only a server across a network, with other clients, can do to us.
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "contract/store_fixture.hpp"
#include "dti/repository/open/migrate_store.hpp"
#include "dti/repository/open/open_repository.hpp"
#include "dti/repository/postgresql/conninfo.hpp"

namespace dti::contract {
namespace {

using Kind = StorageError::Kind;
constexpr std::chrono::seconds kLong{10};

class PostgresqlContract : public StoreTest {
 protected:
  /// Returns when a server in this database waits for a lock, in another transaction than `not_in`.
  /// @return when that transaction began
  std::string wait_for_a_waiter(const std::string& not_in = "none") {
    const auto client = backend_->connect();
    const auto deadline = std::chrono::steady_clock::now() + kLong;
    while (std::chrono::steady_clock::now() < deadline) {
      const Rows waiting = client->run(
          "SELECT xact_start FROM pg_stat_activity WHERE datname = current_database()"
          " AND application_name = 'dti_server' AND wait_event_type = 'Lock' AND xact_start::text <> '" +
          not_in + "'");
      if (!waiting.empty()) {
        return *waiting[0][0];
      }
      std::this_thread::yield();
    }
    ADD_FAILURE() << "nobody waits for a lock";
    return {};
  }

  /// Starts to commit in a thread of its own; what it fails with, or none.
  std::future<std::optional<Kind>> commit_aside(const Batch& batch, CommitResult* result) {
    return std::async(std::launch::async,
                      [this, batch, result] { return failure_of([&] { *result = repository_->commit(batch); }); });
  }

  static StoredSemester only_semester(const Leadership& leadership) { return leadership.semesters.at(0); }
};
INSTANTIATE_TEST_SUITE_P(Database, PostgresqlContract, testing::ValuesIn(postgresql_backends()), name_of_backend());
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PostgresqlContract);

TEST_P(PostgresqlContract, ABatchThatWaitsForItsRowWhileTheEpochIsRaisedWritesNothing) {
  start();
  const auto other = backend_->connect();
  other->run("BEGIN");
  other->run("UPDATE leadership SET epoch = epoch + 1");
  other->run("UPDATE semester SET epoch = epoch + 1");
  CommitResult result{};
  auto failure = commit_aside(grants({{1, {7, 2}}}), &result);
  wait_for_a_waiter();
  other->run("COMMIT");
  EXPECT_EQ(failure.get(), std::nullopt);
  EXPECT_EQ(result, CommitResult::kReplaced);
  EXPECT_EQ(stored()->head, 1);
  EXPECT_EQ(stored()->left, full_pool(kCapacity));
  EXPECT_EQ(other->run("SELECT count(*) FROM ledger")[0][0], "1");
}

TEST_P(PostgresqlContract, ABatchWhoseSessionIsEndedBeforeItHasTheLockIsInDoubtAndNotStored) {
  start();
  const auto other = backend_->connect();
  other->run("BEGIN");
  other->run("SELECT 1 FROM semester FOR UPDATE");
  CommitResult result{};
  auto failure = commit_aside(grants({{1, {7, 2}}}), &result);
  wait_for_a_waiter();
  other->run("SELECT pg_terminate_backend(backend_pid) FROM leadership");
  EXPECT_EQ(failure.get(), Kind::kInDoubt);
  other->run("ROLLBACK");
  EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->guard(epoch_, {})); }), Kind::kUnavailable);
  EXPECT_EQ(only_semester(lead()).head, 1);
}

TEST_P(PostgresqlContract, AnInterruptedBatchIsInDoubtUntilATakeOverTells) {
  start();
  const auto other = backend_->connect();
  other->run("BEGIN");
  other->run("SELECT 1 FROM semester FOR UPDATE");
  CommitResult result{};
  const Batch batch = grants({{1, {7, 2}}, {2, {7, 2}}});
  auto failure = commit_aside(batch, &result);
  wait_for_a_waiter();
  repository_->interrupt();
  // The server's side of it waits on: nothing else ends this call.
  EXPECT_EQ(failure.wait_for(kLong), std::future_status::ready) << "the interrupt did not end it";
  other->run("ROLLBACK");
  EXPECT_EQ(failure.get(), Kind::kInDoubt);

  const Leadership leadership = lead();
  const StoredSemester found = only_semester(leadership);
  if (found.head == batch.base) {
    EXPECT_EQ(found.left, full_pool(kCapacity));
  } else {
    EXPECT_EQ(read_all(*repository_, 1, batch.base, found.head), batch.entries);
    EXPECT_EQ(found.left, semester_.left);
  }
  // It cannot take effect any more: what is there now stays, and what comes next rests on it.
  EXPECT_EQ(stored(), found);
  semester_ = found;
  epoch_ = leadership.epoch;
  EXPECT_EQ(repository_->commit(grants({{3, {1, 1}}})), CommitResult::kCommitted);
}

TEST_P(PostgresqlContract, AnInterruptEndsATakeOverThatWaits) {
  start();
  const auto other = backend_->connect();
  other->run("BEGIN");
  other->run("SELECT 1 FROM leadership FOR UPDATE");
  auto failure =
      std::async(std::launch::async, [&] { return failure_text([&] { static_cast<void>(take(*repository_)); }); });
  wait_for_a_waiter();
  repository_->interrupt();
  const auto text = failure.get();
  EXPECT_TRUE(!text.empty() && text.find("holds the locks") == std::string::npos) << text;  // as after its four tries
}

TEST_P(PostgresqlContract, ATakeOverEndsTheOldLeadersSessionThatHoldsTheRow) {
  start();
  // A leader that froze in the middle of its statement: its session is named, and holds the row.
  const auto frozen = backend_->connect_as_server();
  frozen->run(
      "UPDATE leadership SET backend_pid = pg_backend_pid(),"
      " backend_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())");
  frozen->run("BEGIN");
  frozen->run("UPDATE semester SET head = 99");
  const StoredSemester found = only_semester(lead());
  EXPECT_EQ(found.head, 1);
  EXPECT_THROW(frozen->run("COMMIT"), SqlRefused);
}

TEST_P(PostgresqlContract, ATakeOverEndsNoSessionThatIsNotTheLeaders) {
  start();
  const auto other = backend_->connect();
  // The number of the old leader's session, but another start time: the number now belongs to another session.
  other->run("UPDATE leadership SET backend_pid = pg_backend_pid()");
  other->run("BEGIN");
  other->run("SELECT 1 FROM semester FOR UPDATE");
  EXPECT_EQ(failure_of([&] { static_cast<void>(take(*repository_)); }), Kind::kUnreachable);
  other->run("COMMIT");
  EXPECT_EQ(lead().epoch, epoch_ + 1);
}

TEST_P(PostgresqlContract, AServerThatWasReplacedDoesNotEndTheSessionOfTheOneThatLeads) {
  start();
  const auto leader = backend_->connect();
  leader->run(
      "UPDATE leadership SET epoch = epoch + 1, holder = 'elsewhere:1:0', backend_pid = pg_backend_pid(),"
      " lease_until = clock_timestamp() + interval '1 hour', backend_start = (SELECT backend_start FROM "
      "pg_stat_activity WHERE pid = pg_backend_pid())");
  leader->run("BEGIN");
  leader->run("SELECT 1 FROM leadership FOR UPDATE");
  EXPECT_TRUE(find_holder(*repository_));
  leader->run("COMMIT");
}

TEST_P(PostgresqlContract, ATakeOverWaitsForAnotherOneThatMakesTheSchema) {
  backend_->give_to_the_servers();
  const auto other = backend_->connect();
  other->run("BEGIN");
  other->run("SELECT pg_advisory_xact_lock(4919253614037)");  // as migrations do
  auto epoch = std::async(std::launch::async, [&] { return lead().epoch; });
  wait_for_a_waiter(wait_for_a_waiter());  // for longer than the bound of one try
  other->run("COMMIT");
  EXPECT_EQ(epoch.get(), 1);
}

TEST_P(PostgresqlContract, ATakeOverDoesNotWaitForTheSchemaForEver) {
  backend_->give_to_the_servers();
  const auto other = backend_->connect();
  other->run("BEGIN");
  other->run("SELECT pg_advisory_xact_lock(4919253614037)");
  EXPECT_EQ(failure_of([&] { static_cast<void>(take(*repository_)); }), Kind::kUnreachable);
}

TEST_P(PostgresqlContract, ASessionThatCannotDoItsWorkIsReplacedByATakeOver) {
  start();
  const auto client = backend_->connect();
  for (const std::string deed : {"EXECUTE 'DEALLOCATE ALL'",  // as some poolers do
                                 "PERFORM set_config('default_transaction_read_only', 'on', false)"}) {
    client->run("CREATE OR REPLACE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + deed +
                "; RETURN NULL; END $$");
    client->run("CREATE TRIGGER spoil AFTER INSERT ON ledger FOR EACH STATEMENT EXECUTE FUNCTION spoil()");
    const auto free_program = static_cast<ProgramId>(semester_.head);
    ASSERT_EQ(repository_->commit(grants({{free_program, {7, 2}}})), CommitResult::kCommitted);
    client->run("DROP TRIGGER spoil ON ledger");
    const StoredSemester before = semester_;
    const Batch batch = grants({{free_program + 1, {7, 2}}});
    EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->commit(batch)); }), Kind::kUnavailable) << deed;
    EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->guard(epoch_, {})); }), Kind::kUnavailable) << deed;
    semester_ = before;
    epoch_ = lead().epoch;
    ASSERT_EQ(repository_->commit(grants({{free_program + 1, {7, 2}}})), CommitResult::kCommitted) << deed;
  }
}

TEST_P(PostgresqlContract, SettingsOfTheRoleDoNotWeakenACommit) {
  start();
  const auto client = backend_->connect();
  client->run("CREATE TABLE seen (value text)");
  client->run("GRANT INSERT ON seen TO " + backend_->role());
  client->run(
      "CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen SELECT"
      " concat_ws(' ', current_setting('synchronous_commit'), current_setting('transaction_isolation'),"
      " current_setting('statement_timeout'), current_setting('lock_timeout')); RETURN NULL; END $$");
  client->run("CREATE TRIGGER look AFTER INSERT ON ledger FOR EACH STATEMENT EXECUTE FUNCTION look()");
  const std::string database = *client->run("SELECT current_database()")[0][0];
  for (const char* const setting : {"synchronous_commit = off", "default_transaction_isolation = 'repeatable read'",
                                    "statement_timeout = 60000", "lock_timeout = 60000"}) {
    client->run("ALTER ROLE " + backend_->role() + " IN DATABASE " + database + " SET " + setting);
  }
  EXPECT_EQ(*backend_->connect_as_server()->run("SHOW synchronous_commit")[0][0], "off");
  epoch_ = lead().epoch;
  ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted);
  EXPECT_EQ(*client->run("SELECT value FROM seen")[0][0], "on read committed 0 0");
}

/// A trigger after inserts into these tables that does as told.
void make_trigger(SqlClient& client, const std::string& deed, const std::vector<std::string>& tables = {"ledger"}) {
  client.run("CREATE OR REPLACE FUNCTION deed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + deed +
             "; RETURN NULL; END $$");
  for (const auto& table : tables) {
    client.run("CREATE OR REPLACE TRIGGER deed AFTER INSERT ON " + table +
               " FOR EACH STATEMENT EXECUTE FUNCTION deed()");
  }
}

TEST_P(PostgresqlContract, OnlyAWarningThatMayCutACommitShortPutsItInDoubt) {
  struct Case {
    const char* raise;
    std::optional<Kind> failure;
  };
  const Case kCases[] = {
      {"RAISE WARNING 'must be vacuumed'", std::nullopt},
      {"RAISE INFO 'for every client'", std::nullopt},
      {"RAISE WARNING 'canceling the wait' USING ERRCODE = '57P01'", Kind::kInDoubt},
  };
  start();
  const auto client = backend_->connect();
  ProgramId last_program = 5;
  for (const auto& [raise, expected] : kCases) {
    make_trigger(*client, raise, {"ledger", "program"});
    const std::vector<std::function<void()>> calls = {
        [&] {
          static_cast<void>(repository_->commit(grants({{last_program, {1, 0}}})));
        },
        [&] { static_cast<void>(repository_->add_programs(epoch_, {program(++last_program)}, kAt)); },
        [&] {
          static_cast<void>(repository_->open_semester(epoch_, "of " + std::to_string(last_program), kCapacity, kAt));
        },
    };
    for (const auto& call : calls) {
      std::string text;
      const auto failure = failure_of([&] {
        try {
          call();
        } catch (const StorageError& error) {
          text = error.what();
          throw;
        }
      });
      EXPECT_EQ(failure, expected) << raise << ": " << text;
      if (!failure) continue;
      EXPECT_NE(text.find("canceling the wait"), std::string::npos) << text;
      EXPECT_EQ(text.find('\n'), std::string::npos) << text;
      epoch_ = lead().epoch;  // which tells that it is stored
    }
  }
  EXPECT_EQ(stored()->head, 4);
  EXPECT_TRUE(stored("of 8"));
  EXPECT_EQ(repository_->read_catalog(7), std::vector{program(8)});
}

TEST_P(PostgresqlContract, AnOpeningThatTheDatabaseRefusesIsRejectedAndTheServerGoesOn) {
  start();
  const auto client = backend_->connect();
  for (const std::string state : {"53100", "53200", "54000", "P0001", "55P03", "42501", "23514"}) {
    make_trigger(*client, "RAISE EXCEPTION 'not now' USING ERRCODE = '" + state + "'", {"semester"});
    const auto failure =
        failure_of([&] { static_cast<void>(repository_->open_semester(epoch_, "2026-10", kCapacity, kAt)); });
    EXPECT_EQ(failure, state == "23514" ? Kind::kInvariant : Kind::kRejected) << state;
    EXPECT_EQ(repository_->guard(epoch_, {}), CommitResult::kCommitted) << state << ": the connection is still good";
  }
  client->run("DROP TRIGGER deed ON semester");
  EXPECT_FALSE(stored("2026-10"));
  EXPECT_EQ(repository_->open_semester(epoch_, "2026-10", kCapacity, kAt).result, OpenResult::kOpened);
}

TEST_P(PostgresqlContract, AWarningIsLoggedAndNotWithEachCommit) {
  start();
  const auto client = backend_->connect();
  make_trigger(*client, "RAISE WARNING 'must be vacuumed within % transactions', txid_current()");
  std::vector<LogEvent> events;
  repository_ = open_repository(PostgresqlStoreAddress{backend_->where()}, std::chrono::seconds{5},
                                [&](const LogEvent& event) { events.push_back(event); });
  epoch_ = lead().epoch;
  for (ProgramId id = 1; id <= 5; ++id) {
    ASSERT_EQ(repository_->commit(grants({{id, {1, 0}}})), CommitResult::kCommitted);
  }
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].event, "store-warned");
  EXPECT_NE(events[0].message.find("must be vacuumed within"), std::string::npos) << events[0].message;
}

TEST_P(PostgresqlContract, ABatchWritesNothingInASessionWhoseCommitsAreWeaker) {
  start();
  ASSERT_TRUE(repository_->add_programs(epoch_, {program(6), program(7)}, kAt));
  const auto client = backend_->connect();
  for (const std::size_t size : {std::size_t{1}, std::size_t{9}, std::size_t{2'001}}) {  // each way of sending a batch
    make_trigger(*client, "PERFORM set_config('synchronous_commit', 'off', false)");
    ASSERT_EQ(repository_->commit(grants({{1, {}}})), CommitResult::kCommitted);
    client->run("DROP TRIGGER deed ON ledger");
    client->run("DROP INDEX ledger_one_grant");  // for a large batch of few programs
    const StoredSemester before = semester_;
    const std::string text = failure_text([&] { static_cast<void>(repository_->commit(large_batch(size))); });
    EXPECT_NE(text.find("synchronous_commit = off"), std::string::npos) << size << ": " << text;
    epoch_ = lead().epoch;
    EXPECT_EQ(stored()->head, before.head) << size;
    semester_ = *stored();
    client->run("CREATE UNIQUE INDEX ledger_one_grant ON ledger (seq)");
  }
}

TEST_P(PostgresqlContract, NothingIsBelievedOfAnotherSessionThanItsOwn) {
  const auto client = backend_->connect();
  const std::string database = *client->run("SELECT current_database()")[0][0];
  // As after a pooler has changed the session: the functions that name a session return another one.
  const auto pretend = [&](const std::string& pid, const std::string& in_recovery) {
    const std::string make = "CREATE OR REPLACE FUNCTION public.";
    client->run(make + "pg_backend_pid() RETURNS integer LANGUAGE sql AS 'SELECT " + pid + "'");
    client->run(make + "pg_is_in_recovery() RETURNS boolean LANGUAGE sql AS 'SELECT " + in_recovery + "'");
  };
  pretend("pg_catalog.pg_backend_pid()", "false");
  client->run("ALTER ROLE " + backend_->role() + " IN DATABASE " + database + " SET search_path = public, pg_catalog");
  start();
  const struct {
    const char* name;
    std::function<void()> call;
  } kCalls[] = {
      {"few",
       [&] {
         static_cast<void>(repository_->commit(grants({{1, {7, 2}}})));
       }},
      {"many", [&] { static_cast<void>(repository_->commit(large_batch(9))); }},
      {"copy", [&] { static_cast<void>(repository_->commit(large_batch(2'001))); }},
      {"renew", [&] { static_cast<void>(repository_->renew(epoch_, std::chrono::hours{1})); }},
      {"resign", [&] { static_cast<void>(repository_->resign(epoch_)); }},
      {"guard", [&] { static_cast<void>(repository_->guard(epoch_, {})); }},
      {"add", [&] { static_cast<void>(repository_->add_programs(epoch_, {program(6)}, kAt)); }},
      {"open", [&] { static_cast<void>(repository_->open_semester(epoch_, "2026-10", kCapacity, kAt)); }},
      {"take over", [&] { static_cast<void>(take(*repository_)); }},
  };
  for (const auto& [name, call] : kCalls) {
    pretend("1", "false");
    EXPECT_EQ(failure_of(call), Kind::kRefused) << name;
    pretend("pg_catalog.pg_backend_pid()", "false");
    epoch_ = lead().epoch;
    EXPECT_EQ(stored()->head, 1) << name;
    semester_ = *stored();
  }
  pretend("pg_catalog.pg_backend_pid()", "true");
  EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->guard(epoch_, {})); }), Kind::kRefused) << "a replica";
}

TEST_P(PostgresqlContract, RefusesADatabaseThatDoesNotKeepWhatIsCommitted) {
  const struct {
    std::vector<std::string> spoil;
    std::string says;
    std::vector<std::string> mend;
  } kCases[] = {
      {{"ALTER TABLE ledger SET UNLOGGED"}, "ALTER TABLE ledger SET LOGGED", {"ALTER TABLE ledger SET LOGGED"}},
      {{"INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate) VALUES (1, 'ledger'::regclass, 'r')"},
       "ledger is filled by logical replication",
       {"DELETE FROM pg_subscription_rel WHERE srrelid = 'ledger'::regclass"}},
      {{"ALTER TABLE semester RENAME TO kept", "CREATE VIEW semester AS SELECT * FROM kept"},
       "semester is not an ordinary table",
       {"DROP VIEW semester", "ALTER TABLE kept RENAME TO semester"}},
  };
  start();
  const auto client = backend_->connect();
  for (const auto& [spoil, says, mend] : kCases) {
    for (const auto& statement : spoil) client->run(statement);
    EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->renew(epoch_, std::chrono::hours{1})); }), Kind::kRefused)
        << says;
    std::string text;
    EXPECT_EQ(failure_of([&] {
                try {
                  static_cast<void>(take(*repository_));
                } catch (const StorageError& error) {
                  text = error.what();
                  throw;
                }
              }),
              Kind::kRefused)
        << says << ": " << text;
    EXPECT_NE(text.find(says), std::string::npos) << text;
    for (const auto& statement : mend) client->run(statement);
    EXPECT_EQ(lead().epoch, ++epoch_) << "nothing was changed by the one that was refused";
  }
}

TEST_P(PostgresqlContract, RefusesSettingsOfTheRoleThatItCannotOverride) {
  start();
  const auto client = backend_->connect();
  const std::string role =
      "ALTER ROLE " + backend_->role() + " IN DATABASE " + *client->run("SELECT current_database()")[0][0];
  for (const std::string setting : {"zero_damaged_pages", "ignore_checksum_failure", "session_replication_role"}) {
    client->run(role + " SET " + setting + " = " + (setting == "session_replication_role" ? "replica" : "on"));
    const std::string text = failure_text([&] { static_cast<void>(take(*repository_)); });
    EXPECT_NE(text.find(setting + " = "), std::string::npos) << text;
    client->run(role + " RESET " + setting);
  }
  EXPECT_EQ(lead().epoch, epoch_ + 1);
}

TEST_P(PostgresqlContract, RefusesToMakeASecondLedgerWhereSearchPathHidesTheFirst) {
  start();
  const auto client = backend_->connect();
  client->run("CREATE SCHEMA elsewhere");
  client->run("GRANT USAGE ON SCHEMA elsewhere TO " + backend_->role());
  Conninfo hidden{backend_->where()};
  hidden.set("options", "-csearch_path=elsewhere");
  const auto other = open_repository(PostgresqlStoreAddress{hidden.text()}, std::chrono::seconds{5});
  for (const auto& call : std::vector<std::function<void()>>{[&] { static_cast<void>(other->survey()); },
                                                             [&] { static_cast<void>(take(*other)); }}) {
    const std::string text = failure_text(call);
    EXPECT_NE(text.find("\"public\""), std::string::npos) << text;
    EXPECT_NE(text.find("elsewhere"), std::string::npos) << text;
  }
}

TEST_P(PostgresqlContract, AWarningBeforeTheCommitDoesNotKeepAServerFromTakingTheLead) {
  start();
  const auto client = backend_->connect();
  client->run(
      "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'careful' USING ERRCODE = "
      "'57P01'; RETURN NULL; END $$");
  client->run("CREATE TRIGGER warn AFTER UPDATE ON leadership FOR EACH STATEMENT EXECUTE FUNCTION warn()");
  EXPECT_EQ(lead().epoch, epoch_ + 1);
}

TEST_P(PostgresqlContract, AWarningAtTheCommitThatMayHaveCutItShortKeepsAServerFromTheLead) {
  start();
  const auto client = backend_->connect();
  client->run(
      "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'canceling the wait' USING"
      " ERRCODE = '57P01'; RETURN NULL; END $$");
  client->run(
      "CREATE CONSTRAINT TRIGGER warn AFTER UPDATE ON leadership DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE"
      " FUNCTION warn()");
  EXPECT_EQ(failure_of([&] { static_cast<void>(lead()); }), Kind::kUnreachable);
  client->run("DROP TRIGGER warn ON leadership");
  EXPECT_EQ(lead().epoch, epoch_ + 2);
  client->run(
      "CREATE CONSTRAINT TRIGGER warn AFTER UPDATE ON leadership DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE"
      " FUNCTION warn()");
  EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->renew(epoch_ + 2, std::chrono::seconds{5})); }),
            Kind::kInDoubt);
}

TEST_P(PostgresqlContract, AStatementThatIsRefusedLeavesNothingAndTheConnectionGood) {
  start();
  const auto client = backend_->connect();
  client->run("ALTER TABLE ledger RENAME COLUMN request_id TO renamed");
  const StoredSemester before = semester_;
  EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->commit(grants({{1, {7, 2}}}))); }), Kind::kRejected);
  client->run("ALTER TABLE ledger RENAME COLUMN renamed TO request_id");
  semester_ = before;
  EXPECT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted);
}

TEST_P(PostgresqlContract, TwoServersThatStartAtOnceMakeTheSchemaOnce) {
  backend_->give_to_the_servers();
  const auto second = backend_->open();
  auto other = std::async(std::launch::async, [&] { return take(*second)->epoch; });
  const Epoch first = lead().epoch;
  EXPECT_EQ(first + other.get(), 3);
  EXPECT_EQ(*backend_->connect()->run("SELECT count(*) FROM schema_version")[0][0], "8");
}

TEST_P(PostgresqlContract, TheLedgerIsNotTruncated) {
  start();
  EXPECT_THROW(backend_->connect()->run("TRUNCATE ledger"), SqlRefused);
}

TEST_P(PostgresqlContract, ARoleThatMayNotMakeOrChangeTheSchemaIsToldTheCommandOfTheOwner) {
  const auto client = backend_->connect();
  client->run("DELETE FROM schema_version WHERE version = 8");
  const auto refused = [&](const std::string& text) {
    for (const auto& call : std::vector<std::function<void()>>{[&] { static_cast<void>(repository_->survey()); },
                                                               [&] { static_cast<void>(take(*repository_)); }}) {
      EXPECT_EQ(failure_of(call), Kind::kRefused);
      EXPECT_NE(failure_text(call).find(text), std::string::npos) << failure_text(call);
      EXPECT_NE(failure_text(call).find("run: dtictl migrate --store='postgresql://"), std::string::npos);
    }
  };
  refused("has version 7, this program needs version 8, and the role " + backend_->role());
  client->run("DROP SCHEMA public CASCADE");
  client->run("CREATE SCHEMA public");
  client->run("GRANT USAGE ON SCHEMA public TO " + backend_->role());
  refused("has no ledger yet, and the role " + backend_->role());
}

TEST_P(PostgresqlContract, AMigrationReplacesAServerThatFrozeAndRefusesOneThatLeads) {
  const auto client = backend_->connect();
  Conninfo owner{backend_->where()};
  owner.set("user", *client->run("SELECT current_user")[0][0]);
  const PostgresqlStoreAddress store{owner.text()};
  const auto migrate = [&] { return migrate_store(store, kLong, kAt, [](const std::string&) {}); };
  start();
  epoch_ = lead(kLasting).epoch;
  EXPECT_FALSE(migrate().is_needed()) << "up to date, also while a server leads";
  take_back(*client, "postgresql", 3);
  EXPECT_NE(failure_text([&] { static_cast<void>(migrate()); }).find("a server leads"), std::string::npos);
  client->run("UPDATE leadership SET lease_until = now()");  // as if it had frozen
  const SchemaChange change = migrate();
  EXPECT_EQ(change.from, 3);
  EXPECT_EQ(change.to, 8);
  EXPECT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kReplaced);
  EXPECT_EQ(*client->run("SELECT count(*) FROM ledger")[0][0], "1");
}

TEST_P(PostgresqlContract, NoErrorShowsAPassword) {
  const std::string secret = "s3cret";
  const Conninfo reachable{backend_->where()};
  Conninfo wrong = reachable;
  wrong.set("password", secret);
  wrong.set("user", "nobody_of_that_name");
  Conninfo unknown_key = reachable;
  unknown_key.set(secret, secret);
  Conninfo bad_value = reachable;
  bad_value.set("sslmode", secret);
  const std::string texts[] = {
      wrong.text(),
      unknown_key.text(),
      bad_value.text(),
      "postgresql://u:" + secret + "@localhost:1/x",
      "postgresql://u:s%3cr" + secret + "%zz@localhost/x",
      "postgresql://u:x@" + secret + "@localhost/x",
      "postgresql://u:12/" + secret + "@localhost/x",
      "postgresql://u:" + secret + "/@localhost/x",
      "postgresql://u:1/x?" + secret + "=@localhost",
      "host=localhost password=a " + secret,
      "host=localhost port=" + secret,
      "host=localhost password='" + secret,
      "host=" + secret + ".invalid password=" + secret,
  };
  for (const std::string& text : texts) {
    const std::string shown = failure_text([&] {
      static_cast<void>(take(*open_repository(PostgresqlStoreAddress{text}, std::chrono::milliseconds{2'000})));
    });
    EXPECT_FALSE(shown.empty()) << text;
    EXPECT_EQ(shown.find(secret), std::string::npos) << shown;
  }
}

TEST_P(PostgresqlContract, AServerThatIsNotThereIsUnreachable) {
  Conninfo nowhere{backend_->where()};
  nowhere.set("host", "/nonexistent");
  const auto repository = open_repository(PostgresqlStoreAddress{nowhere.text()}, std::chrono::milliseconds{2'000});
  EXPECT_EQ(failure_of([&] { static_cast<void>(take(*repository)); }), Kind::kUnreachable);
  EXPECT_NE(failure_text([&] { static_cast<void>(take(*repository)); }).find("/nonexistent"), std::string::npos);
}

}  // namespace
}  // namespace dti::contract
