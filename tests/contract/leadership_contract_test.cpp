// Who leads, and what is seen without leading.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contract/store_fixture.hpp"

namespace dti::contract {
namespace {

using Kind = StorageError::Kind;

class LeadershipContract : public StoreTest {
 protected:
  /// What a server that is not `repository_` does to the rows when it takes over.
  void take_the_lead_elsewhere(const std::string& holder) {
    const auto client = backend_->connect();
    client->run("UPDATE leadership SET epoch = epoch + 1, holder = " + holder);
    if (backend_->has_leases()) client->run("UPDATE leadership SET lease_until = now() + interval '1 hour'");
    client->run("UPDATE semester SET epoch = epoch + 1");
  }
};
class SqlLeadershipContract : public LeadershipContract {};
INSTANTIATE_TEST_SUITE_P(Backends, LeadershipContract, testing::ValuesIn(all_backends()), name_of_backend());
INSTANTIATE_TEST_SUITE_P(Databases, SqlLeadershipContract, testing::ValuesIn(sql_backends()), name_of_backend());

TEST_P(LeadershipContract, EachTakeOverRaisesTheEpochByOne) {
  EXPECT_EQ(lead().epoch, 1);
  EXPECT_EQ(lead().epoch, 2);
  EXPECT_EQ(reopen().epoch, 3);
}

TEST_P(LeadershipContract, ASurveyOfAnEmptyStoreFindsNothingAndChangesNothing) {
  for (const Epoch expected : {1, 2}) {
    const StoreSurvey survey = repository_->survey();
    EXPECT_TRUE(survey.semesters.empty());
    EXPECT_TRUE(survey.catalog.empty());
    EXPECT_EQ(lead().epoch, expected);
  }
}

TEST_P(LeadershipContract, ASemesterThatIsOpenedIsCommittedToWithoutAnotherTakeOver) {
  start();
  ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted);
  const auto opening = repository_->open_semester(epoch_, "2026-10", kCapacity, kAt);
  ASSERT_EQ(opening.result, OpenResult::kOpened);
  ASSERT_EQ(repository_->commit(grants({{2, {7, 2}}})), CommitResult::kCommitted);
  semester_ = opened_semester(opening.id, "2026-10", epoch_, kCapacity);
  ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted);
  EXPECT_EQ(stored("2026-10"), semester_);
  const std::vector<SemesterGuard> guards = {{1, 3}, {opening.id, 2}};
  EXPECT_EQ(repository_->guard(epoch_, guards), CommitResult::kCommitted);
}

TEST_P(LeadershipContract, ASurveyAndATakeOverShowTheSemestersAndTheCatalogue) {
  start();
  ASSERT_EQ(repository_->open_semester(epoch_, "2026-10", {1, 1, 1}, kAt).result, OpenResult::kOpened);
  ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted);
  repository_.reset();
  repository_ = backend_->open();
  StoreSurvey survey = repository_->survey();
  ASSERT_EQ(survey.semesters.size(), 2U);
  EXPECT_EQ(survey.semesters[0], semester_);
  EXPECT_EQ(survey.semesters[1], opened_semester(2, "2026-10", epoch_, {1, 1, 1}));
  EXPECT_EQ(survey.catalog, (std::vector{program(1), program(2), program(3), program(4), program(5)}));

  const Leadership leadership = lead();
  EXPECT_EQ(leadership.epoch, epoch_ + 1) << "the survey took the lead";
  EXPECT_EQ(leadership.program_count, 5U);
  for (StoredSemester& semester : survey.semesters) {
    semester.epoch = leadership.epoch;
  }
  EXPECT_EQ(leadership.semesters, survey.semesters);
}

TEST_P(LeadershipContract, ASurveyDoesNotDisturbTheOneWhoLeads) {
  start();
  if (backend_->takes_two_servers()) {
    EXPECT_EQ(backend_->open()->survey().semesters, std::vector{semester_});
  }
  EXPECT_EQ(repository_->survey().semesters, std::vector{semester_});
  EXPECT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted);
}

TEST_P(LeadershipContract, AServerThatTookOverFencesTheOneBefore) {
  start();
  if (!backend_->takes_two_servers()) {
    EXPECT_EQ(failure_of([&] { backend_->open(); }), Kind::kRefused);
    return;
  }
  const std::unique_ptr<Repository> second = backend_->open();
  EXPECT_EQ(take(*second)->epoch, epoch_ + 1);
  EXPECT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kReplaced);
  EXPECT_EQ(repository_->guard(epoch_, {}), CommitResult::kReplaced);
  EXPECT_EQ(second->survey().semesters.at(0).head, 1);
}

TEST_P(LeadershipContract, AServerThatWasReplacedDoesNotTakeTheLeadBack) {
  start();
  if (!backend_->takes_two_servers()) {
    return;  // SqlLeadershipContract plays the other one
  }
  const std::unique_ptr<Repository> second = backend_->open();
  epoch_ = take(*second, kLasting)->epoch;
  const std::vector<StoredSemester> before = second->survey().semesters;
  for (int tries = 0; tries < 2; ++tries) {
    EXPECT_FALSE(take(*repository_));
    EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->guard(epoch_, {})); }), Kind::kUnavailable);
    EXPECT_EQ(second->survey().semesters, before);
  }
  EXPECT_EQ(second->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted);
  EXPECT_EQ(take(*second)->epoch, epoch_ + 1);
}

TEST_P(SqlLeadershipContract, AServerThatFindsAnotherHolderUnderAHigherEpochChangesNothing) {
  start();
  take_the_lead_elsewhere("'elsewhere:1:0'");
  const auto client = backend_->connect();
  const Rows before = client->run("SELECT l.epoch, l.holder, s.* FROM leadership l, semester s");
  EXPECT_FALSE(take(*repository_));
  EXPECT_EQ(client->run("SELECT l.epoch, l.holder, s.* FROM leadership l, semester s"), before);
  if (backend_->has_leases()) client->run("UPDATE leadership SET lease_until = now()");
  EXPECT_EQ(reopen().epoch, epoch_);
  EXPECT_EQ(epoch_, 3);
}

TEST_P(SqlLeadershipContract, ATakeOverOfOnesOwnWhoseAnswerWasLostIsRepeated) {
  start();
  take_the_lead_elsewhere("holder");
  EXPECT_EQ(lead().epoch, epoch_ + 2);
}

TEST_P(SqlLeadershipContract, TwoObjectsOfOneProcessAreTwoHolders) {
  start();
  const auto client = backend_->connect();
  const Rows first = client->run("SELECT holder FROM leadership");
  reopen();
  EXPECT_NE(client->run("SELECT holder FROM leadership"), first);
}

TEST_P(SqlLeadershipContract, AClosedSemesterIsShownAsItWasClosedUnderTheNewEpoch) {
  start();
  ASSERT_EQ(repository_->open_semester(epoch_, "2026-10", kCapacity, kAt).result, OpenResult::kOpened);
  backend_->connect()->run("UPDATE semester SET is_open = (1 = 0) WHERE id = 1");
  semester_.is_open = false;
  const Leadership leadership = lead();
  semester_.epoch = leadership.epoch;  // or a replaced leader could write to it
  ASSERT_EQ(leadership.semesters.size(), 2U);
  EXPECT_EQ(leadership.semesters[0], semester_);
  EXPECT_TRUE(leadership.semesters[1].is_open);
  EXPECT_EQ(leadership.semesters[1].epoch, epoch_ + 1);
  EXPECT_EQ(repository_->survey().semesters, leadership.semesters);
}

}  // namespace
}  // namespace dti::contract
