// Commits and guards that are carried out in the caller's poll set.
#include <poll.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "contract/store_fixture.hpp"

namespace dti::contract {
namespace {

using Kind = StorageError::Kind;
constexpr int kLongMs = 10'000;

class PollableContract : public StoreTest {
 protected:
  PollableCommits& pollable() { return *repository_->pollable(); }

  void start_commit(Batch batch) { pollable().start_commit(std::make_shared<const Batch>(std::move(batch))); }

  /// Waits for the descriptor of the call and continues the call until it ends.
  CommitResult finish() {
    while (true) {
      if (const std::optional<CommitResult> result = pollable().resume()) {
        return *result;
      }
      const PollFor wanted = pollable().waits_for();
      const auto events = static_cast<short>(wanted.writable ? POLLIN | POLLOUT : POLLIN);
      pollfd descriptor{wanted.descriptor, events, 0};
      if (::poll(&descriptor, 1, kLongMs) <= 0) {
        throw std::runtime_error{"the call waits, and nothing comes"};
      }
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Database, PollableContract, testing::ValuesIn(postgresql_backends()), name_of_backend());
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PollableContract);

TEST_P(PollableContract, ACommitOfAnySizeIsCarriedOut) {
  start();
  for (const std::size_t size : {1, 5, 100, 20'000}) {
    start_commit(large_batch(size));
    EXPECT_EQ(finish(), CommitResult::kCommitted) << size;
    EXPECT_EQ(stored(), semester_) << size;
  }
}

TEST_P(PollableContract, ACallThatWaitsForTheStoreHoldsNobodyUp) {
  start();
  const auto other = backend_->connect();
  for (const std::size_t size : {1, 20'000}) {
    other->run("BEGIN");
    other->run("SELECT 1 FROM semester FOR UPDATE");
    start_commit(large_batch(size));
    for (int i = 0; i < 100; ++i) {
      ASSERT_EQ(pollable().resume(), std::nullopt) << size;  // also when it is asked for no reason
    }
    other->run("COMMIT");
    EXPECT_EQ(finish(), CommitResult::kCommitted) << size;
  }
}

TEST_P(PollableContract, AnInterruptWakesThePollSetAndTheCommitIsInDoubt) {
  start();
  const auto other = backend_->connect();
  for (const std::size_t size : {1, 20'000}) {
    other->run("BEGIN");
    other->run("SELECT 1 FROM semester FOR UPDATE");
    start_commit(large_batch(size));
    ASSERT_EQ(pollable().resume(), std::nullopt);
    repository_->interrupt();
    EXPECT_EQ(failure_of([&] { static_cast<void>(finish()); }), Kind::kInDoubt) << size;
    other->run("ROLLBACK");
    EXPECT_EQ(failure_of([&] { start_commit(large_batch(size)); }), Kind::kUnavailable) << size;
    const Leadership leadership = lead();
    epoch_ = leadership.epoch;
    semester_ = leadership.semesters.at(0);
  }
}

TEST_P(PollableContract, ABatchWhoseSessionEndsInTheMidstOfItsDataIsInDoubtAndNotStored) {
  start();
  const auto client = backend_->connect();
  client->run(
      "CREATE FUNCTION wait_at_entry_1000() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
      " IF NEW.seq = 1001 THEN PERFORM pg_sleep(60); END IF; RETURN NEW; END $$");
  client->run(
      "CREATE TRIGGER wait_at_entry_1000 BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION wait_at_entry_1000()");
  const std::vector<std::function<void()>> ends = {
      [&] { repository_->interrupt(); },
      [&] { client->run("SELECT pg_terminate_backend(backend_pid) FROM leadership"); },
      [&] {  // the one that another server's take-over gives it
        const auto other = backend_->open();
        EXPECT_EQ(take(*other)->semesters.at(0).head, 1);
      },
  };
  for (const auto& end : ends) {
    start_commit(large_batch(20'000));
    const auto sleeps = [&] {
      return client->run(
          "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'");
    };
    while (sleeps().empty()) {
      ASSERT_EQ(pollable().resume(), std::nullopt);
    }
    end();
    EXPECT_EQ(failure_of([&] { static_cast<void>(finish()); }), Kind::kInDoubt);
    client->run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event = 'PgSleep'");
    const Leadership leadership = lead();
    epoch_ = leadership.epoch;
    semester_ = leadership.semesters.at(0);
    EXPECT_EQ(semester_.head, 1);
  }
}

TEST_P(PollableContract, ACallThatNobodyGoesOnWithDoesNotOutliveItsSession) {
  start();
  pollable().start_guard(epoch_, {});
  epoch_ = lead().epoch;
  semester_ = stored().value();
  start_commit(large_batch(3));
  EXPECT_EQ(finish(), CommitResult::kCommitted);
  EXPECT_EQ(stored(), semester_);
}

TEST_P(PollableContract, ABatchOfWhichATriggerSwallowsRowsIsInDoubt) {
  start();
  const auto client = backend_->connect();
  client->run(
      "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
      " IF NEW.seq = 3 THEN RETURN NULL; END IF; RETURN NEW; END $$");
  client->run("CREATE TRIGGER swallow BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION swallow()");
  start_commit(large_batch(3));
  EXPECT_EQ(failure_of([&] { static_cast<void>(finish()); }), Kind::kInDoubt);
}

TEST_P(PollableContract, AWarningAtTheCommitOfABatchOfAnySizeIsInDoubt) {
  start();
  const auto client = backend_->connect();
  client->run(
      "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'canceling the wait'"
      " USING ERRCODE = '57P01'; RETURN NULL; END $$");
  client->run(
      "CREATE CONSTRAINT TRIGGER warn AFTER UPDATE ON semester DEFERRABLE INITIALLY DEFERRED"
      " FOR EACH ROW EXECUTE FUNCTION warn()");
  for (const std::size_t size : {1, 100, 3'000}) {
    start_commit(large_batch(size));
    EXPECT_EQ(failure_of([&] { static_cast<void>(finish()); }), Kind::kInDoubt) << size;
    client->run("ALTER TABLE semester DISABLE TRIGGER warn");
    const Leadership leadership = lead();
    client->run("ALTER TABLE semester ENABLE TRIGGER warn");
    epoch_ = leadership.epoch;
    EXPECT_EQ(leadership.semesters.at(0).head, semester_.head) << "it was durable all the same";
  }
}

TEST_P(PollableContract, ALargeCatalogueIsAddedOnAConnectionThatDoesNotWait) {
  start();
  std::vector<CatalogProgram> programs;
  for (ProgramId id = 6; id <= 20'000; ++id) {
    programs.push_back(program(id));
  }
  ASSERT_TRUE(repository_->add_programs(epoch_, programs, kAt));
  EXPECT_EQ(repository_->read_catalog(5), programs);
}

TEST_P(PollableContract, AGuardTellsWhetherTheEpochLeadsAndTheHeadsStand) {
  start();
  const Epoch epoch = epoch_;
  const SemesterId id = semester_.id;
  const auto guard = [&](Epoch of, std::vector<SemesterGuard> semesters) {
    pollable().start_guard(of, std::move(semesters));
    return finish();
  };
  EXPECT_EQ(guard(epoch, {}), CommitResult::kCommitted);
  EXPECT_EQ(guard(epoch, {{id, 1}}), CommitResult::kCommitted);
  EXPECT_EQ(guard(epoch, {{id, 2}}), CommitResult::kBaseMoved);
  EXPECT_EQ(guard(epoch, {{id, 1}, {id + 1, 1}}), CommitResult::kBaseMoved);
  EXPECT_EQ(guard(epoch - 1, {}), CommitResult::kReplaced);
  EXPECT_EQ(guard(epoch + 1, {}), CommitResult::kBaseMoved);
}

TEST_P(PollableContract, ABatchThatIsRefusedLeavesTheSessionGood) {
  start();
  for (const std::size_t size : {1, 100, 20'000}) {
    const StoredSemester before = semester_;
    Batch refused = large_batch(size);
    refused.entries.back().grant.labs = 1;
    start_commit(refused);
    EXPECT_EQ(failure_of([&] { static_cast<void>(finish()); }), Kind::kInvariant) << size;
    semester_ = before;
    start_commit(large_batch(size));
    EXPECT_EQ(finish(), CommitResult::kCommitted) << size;
  }
}

}  // namespace
}  // namespace dti::contract
