// Leases: who keeps whom off the lead, by the database's clock.
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contract/store_fixture.hpp"

namespace dti::contract {
namespace {

using namespace std::chrono_literals;

class LeaseContract : public StoreTest {
 protected:
  /// Another server on the store.
  const std::unique_ptr<Repository> other_ = backend_->open();
  const std::unique_ptr<SqlClient> client_ = backend_->connect();

  void start_with(const Lease& lease) {
    start();
    epoch_ = lead(lease).epoch;
    semester_ = stored().value();
  }
  void run_out() { client_->run("UPDATE leadership SET lease_until = clock_timestamp()"); }
  Rows leadership() {
    return client_->run("SELECT l.epoch, l.holder, l.backend_pid, l.lease_until, s.* FROM leadership l, semester s");
  }
  /// What a schema from before 0002 looks like.
  void take_the_lease_columns_away() { take_back(*client_, "postgresql", 1); }
};
INSTANTIATE_TEST_SUITE_P(Database, LeaseContract, testing::ValuesIn(postgresql_backends()), name_of_backend());
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LeaseContract);

TEST_P(LeaseContract, ALeaseKeepsAnotherServerOffAndItChangesNothing) {
  start_with(kLasting);
  const Rows before = leadership();
  const auto held = find_holder(*other_);
  ASSERT_TRUE(held);
  EXPECT_EQ(held->epoch, epoch_);
  EXPECT_EQ(held->endpoint, kLasting.endpoint);
  ASSERT_TRUE(held->remaining);
  EXPECT_GT(*held->remaining, 59min);
  EXPECT_LE(*held->remaining, 1h);
  EXPECT_EQ(leadership(), before);
  EXPECT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted) << "its session lives";
}

TEST_P(LeaseContract, ALeaseThatRanOutByTheDatabasesClockIsTakenOver) {
  start_with(kLasting);
  run_out();
  EXPECT_EQ(take(*other_, kLasting)->epoch, epoch_ + 1);
  EXPECT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kReplaced);
  EXPECT_EQ(find_holder(*repository_)->epoch, epoch_ + 1) << "the old leader does not take it back";
}

TEST_P(LeaseContract, ALeaseThatRanOutDoesNotKeepItsHolderFromCommitting) {
  start_with(kLasting);
  run_out();
  EXPECT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted) << "the epoch decides, not the time";
  EXPECT_EQ(repository_->guard(epoch_, {}), CommitResult::kCommitted);
}

TEST_P(LeaseContract, OnesOwnLeaseIsNoObstacle) {
  start_with(kLasting);
  EXPECT_EQ(lead(kLasting).epoch, epoch_ + 1);
}

TEST_P(LeaseContract, AReleasedLeadIsTakenAtOnce) {
  start_with(kLasting);
  EXPECT_EQ(repository_->resign(epoch_), CommitResult::kCommitted);
  EXPECT_FALSE(other_->watch().held);
  EXPECT_EQ(take(*other_, kLasting)->epoch, epoch_ + 1);
}

TEST_P(LeaseContract, ARenewalLetsTheLeaseLastFromNowOn) {
  start_with(kLapsed);
  EXPECT_EQ(repository_->renew(epoch_, 1h), CommitResult::kCommitted);
  EXPECT_GT(find_holder(*other_)->remaining, 59min);
  EXPECT_EQ(repository_->renew(epoch_, 1min), CommitResult::kCommitted);
  EXPECT_LE(find_holder(*other_)->remaining, 1min);
}

TEST_P(LeaseContract, WhoWasReplacedNeitherRenewsNorReleases) {
  start_with(kLapsed);
  ASSERT_TRUE(take(*other_, kLasting));
  const Rows before = leadership();
  EXPECT_EQ(repository_->renew(epoch_, 2h), CommitResult::kReplaced);
  EXPECT_EQ(repository_->resign(epoch_), CommitResult::kReplaced);
  EXPECT_EQ(leadership(), before);
}

TEST_P(LeaseContract, AStoreThatWasSetBackHasMovedItsBase) {
  start_with(kLasting);
  client_->run("UPDATE leadership SET epoch = epoch - 1");
  EXPECT_EQ(repository_->renew(epoch_, 1h), CommitResult::kBaseMoved);
  EXPECT_EQ(repository_->resign(epoch_), CommitResult::kBaseMoved);
}

TEST_P(LeaseContract, AFrozenLeaderIsNotEndedBeforeItsLeaseHasRunOut) {
  start_with(kLasting);
  const auto frozen = backend_->connect_as_server();
  frozen->run(
      "UPDATE leadership SET holder = 'elsewhere:1:0', backend_pid = pg_backend_pid(),"
      " backend_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())");
  frozen->run("BEGIN");
  frozen->run("SELECT 1 FROM leadership FOR UPDATE");
  EXPECT_TRUE(find_holder(*other_)) << "at once: it does not wait for the lock";
  frozen->run("COMMIT");  // its session lives
  run_out();
  frozen->run("BEGIN");
  frozen->run("SELECT 1 FROM leadership FOR UPDATE");
  EXPECT_EQ(take(*other_)->epoch, epoch_ + 1);
  EXPECT_THROW(frozen->run("COMMIT"), SqlRefused);
}

TEST_P(LeaseContract, AWatchShowsWhoLeadsAndHowFarTheLedgersHaveCome) {
  EXPECT_FALSE(other_->watch().held) << "an empty database";
  EXPECT_TRUE(other_->watch().heads.empty());
  start_with(kLasting);
  ASSERT_EQ(repository_->open_semester(epoch_, "2026-10", kCapacity, kAt).result, OpenResult::kOpened);
  ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}, {2, {1, 0}}})), CommitResult::kCommitted);
  const Rows before = leadership();
  const StoreWatch seen = other_->watch();
  ASSERT_TRUE(seen.held);
  EXPECT_EQ(seen.held->endpoint, kLasting.endpoint);
  ASSERT_EQ(seen.heads.size(), 2U);
  EXPECT_EQ(seen.heads[0].semester_id, 1);
  EXPECT_EQ(seen.heads[0].head, 3);
  EXPECT_EQ(seen.heads[1].head, 1);
  EXPECT_EQ(leadership(), before);
  client_->run("UPDATE semester SET is_open = false WHERE id = 1");
  EXPECT_EQ(other_->watch().heads.size(), 1U);
}

TEST_P(LeaseContract, AWatchReadsOnFromWhereItIsAndOverAnEndedSession) {
  start_with(kLasting);
  ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}, {2, {1, 0}}})), CommitResult::kCommitted);
  ASSERT_TRUE(other_->watch().held);
  EXPECT_EQ(read_all(*other_, 1, 1, 3).size(), 2U);
  EXPECT_EQ(other_->read_catalog(3).size(), 2U);
  client_->run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
      " AND application_name = 'dti_server'");
  EXPECT_EQ(failure_of([&] { static_cast<void>(other_->watch()); }), StorageError::Kind::kUnreachable);
  EXPECT_TRUE(other_->watch().held);
}

TEST_P(LeaseContract, ALeaderFromBeforeLeasesLeadsForAsLongAsItsSessionLives) {
  backend_->give_to_the_servers();
  start_with(kLapsed);
  take_the_lease_columns_away();
  const Rows before = client_->run("SELECT * FROM leadership");
  for (const auto& held : {find_holder(*other_, kLasting), other_->watch().held}) {
    ASSERT_TRUE(held);
    EXPECT_EQ(held->epoch, epoch_);
    EXPECT_EQ(held->endpoint, "");
    EXPECT_FALSE(held->remaining);
  }
  EXPECT_EQ(client_->run("SELECT * FROM leadership"), before) << "nor is the schema changed";
  repository_.reset();  // it was the session of the old leader
  std::optional<Leadership> taken;
  const auto deadline = std::chrono::steady_clock::now() + 60s;  // the database notices the end in its own time
  while (!taken && std::chrono::steady_clock::now() < deadline) taken = take(*other_, kLasting);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->epoch, epoch_ + 1);
  EXPECT_EQ(find_holder(*backend_->open())->endpoint, kLasting.endpoint) << "the schema has leases now";
}

TEST_P(LeaseContract, ANewerSchemaIsWatchedAndItsLeadNotTaken) {
  start_with(kLasting);
  client_->run("INSERT INTO schema_version (version, applied_at) SELECT 9, applied_at FROM schema_version LIMIT 1");
  EXPECT_TRUE(other_->watch().held);
  run_out();
  EXPECT_FALSE(other_->watch().held);
  EXPECT_EQ(failure_of([&] { static_cast<void>(take(*other_)); }), StorageError::Kind::kRefused);
}

}  // namespace
}  // namespace dti::contract
