// Leading by a lease.
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dti/service/pipeline/commit_pipeline.hpp"
#include "unit/service/pipeline/pipeline_harness.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

class Lease : public fixtures::Pipeline {
 protected:
  /// The renewals that follow ask for this duration.
  void change_lease(std::chrono::milliseconds duration) {
    lease_ = duration;
    pipeline_->change_lease(duration, now_);
  }
};

TEST_F(Lease, IsRenewedAfterAThirdOfItAndCountsFromBeforeTheRenewalWasSent) {
  start({.lease = {"", 6s}});
  EXPECT_EQ(pipeline_->wake_at(), now_.steady + 2s);
  advance(1'999ms);
  EXPECT_FALSE(renewal_);
  advance(1ms);
  ASSERT_TRUE(renewal_);
  EXPECT_EQ(*renewal_, 1);
  now_.steady += 900ms;  // it takes its time
  answer_renewal(CommitResult::kCommitted);
  EXPECT_EQ(pipeline_->wake_at(), now_.steady + 1'100ms);
  advance(1'100ms);
  EXPECT_TRUE(renewal_);
}

TEST_F(Lease, OfAnotherDurationIsAskedForAtOnceAndCountsWhenTheStoreHasIt) {
  start({.lease = {"", 300s}});
  change_lease(6s);
  advance(0ms);
  ASSERT_TRUE(renewal_);
  now_.steady += 900ms;
  answer_renewal(CommitResult::kCommitted);
  EXPECT_EQ(pipeline_->wake_at(), now_.steady + 1'100ms);
}

TEST_F(Lease, ThatIsShorterThanBeforeCountsWhileTheRenewalHasNoAnswer) {
  start({.store_timeout = 600s, .lease = {"", 300s}});
  change_lease(6s);
  advance(0ms);
  ASSERT_TRUE(renewal_);
  now_.steady += 6s - 1ms;
  EXPECT_TRUE(pipeline_->may_lead(now_));
  now_.steady += 1ms;
  EXPECT_FALSE(pipeline_->may_lead(now_)) << "the store may have had the lease of 6 s from the start of the call";
}

TEST_F(Lease, ThatChangesDuringARenewalCountsAsTheStoreHasItUntilTheNextOne) {
  start({.store_timeout = 600s, .lease = {"", 6s}});
  advance(2s);
  ASSERT_TRUE(renewal_);
  change_lease(300s);
  answer_renewal(CommitResult::kCommitted);
  now_.steady += 6s;
  EXPECT_FALSE(pipeline_->is_ready(now_));  // the store has a lease of 6 s
  advance(0ms);
  ASSERT_TRUE(renewal_);
  answer_renewal(CommitResult::kCommitted);
  EXPECT_TRUE(pipeline_->is_ready(now_));
}

TEST_F(Lease, MakesTheServerReadyOnlyWhileItIsValid) {
  start({.store_timeout = 60s, .lease = {"", 6s}});
  advance(2s);
  ASSERT_TRUE(renewal_);
  answer_renewal(CommitResult::kCommitted);  // valid until 8 s
  now_.steady += 5'999ms;                    // a pause of the process
  EXPECT_TRUE(pipeline_->is_ready(now_));
  now_.steady += 1ms;
  EXPECT_FALSE(pipeline_->is_ready(now_));
  advance(0ms);
  answer_renewal(CommitResult::kCommitted);
  EXPECT_TRUE(pipeline_->is_ready(now_));
}

TEST_F(Lease, IsRenewedBetweenBatchesAsSoonAsItIsDue) {
  start({.lease = {"", 3s}});
  for (const auto& [first, second] : {std::pair{"p1", "p2"}, {"p3", "p4"}}) {
    send_one(first);
    turn();
    ASSERT_TRUE(commit_);
    const auto waits = send_one(second);
    now_.steady += 1s;
    turn();
    EXPECT_FALSE(renewal_) << "one call at a time";
    commit();
    ASSERT_TRUE(renewal_) << "before the batch that waits";
    EXPECT_FALSE(is_answered(waits));
    answer_renewal(CommitResult::kCommitted);
    commit();
    EXPECT_TRUE(is_answered(waits));
  }
}

TEST_F(Lease, ThatRanOutDoesNotKeepItsHolderFromCommitting) {
  start({.store_timeout = 60s, .lease = {"", 3s}});
  const auto token = send_one("p1");
  turn();
  now_.steady += 10s;
  commit();
  EXPECT_EQ(grant_of(token), (Grant{7, 2, 0})) << "the epoch and the head decide, not the time";
  EXPECT_TRUE(renewal_);
}

TEST_F(Lease, ThatRanOutDuringAGuardIsRenewedBeforeAnAnswer) {
  start({.store_timeout = 60s, .lease = {"", 3s}});
  send_one("p1");
  turn();
  commit();
  const auto repeat = send_one("p1");
  const auto unknown = send_one("p1", 7, 2, "1999-10");
  turn();
  ASSERT_TRUE(guard_);
  now_.steady += 3s;
  answer_guard(CommitResult::kCommitted);
  EXPECT_FALSE(is_answered(repeat)) << "a primary that was replaced also answers reads";
  EXPECT_FALSE(is_answered(unknown));
  const auto next = send_one("p2");
  now_.steady += 3s;  // as long as the lease: the renewal counts all the same, and nothing waits for another one
  answer_renewal(CommitResult::kCommitted);
  EXPECT_EQ(grant_of(repeat), (Grant{7, 2, 0}));
  EXPECT_EQ(error_of(unknown), Status::kInvalidSemester);
  EXPECT_FALSE(is_answered(next));
  ASSERT_TRUE(renewal_);
  answer_renewal(CommitResult::kCommitted);
  commit();
  EXPECT_TRUE(is_answered(next));
}

TEST_F(Lease, ThatRanOutDuringAGuardAndCannotBeRenewedInTimeLetsTheRequestsExpire) {
  start({.store_timeout = 5s, .lease = {"", 3s}});
  send_one("p1");
  turn();
  commit();
  const auto repeat = send_one("p1");
  turn();
  now_.steady += 3s;
  answer_guard(CommitResult::kCommitted);
  advance(2s);
  EXPECT_EQ(error_of(repeat), Status::kUnavailable);
  answer_renewal(CommitResult::kCommitted);
  EXPECT_FALSE(guard_ || commit_) << "nobody waits";
}

TEST_F(Lease, ThatRanOutDuringAGuardAndCannotBeRenewedAnswersNothing) {
  start({.store_timeout = 60s, .lease = {"", 3s}});
  send_one("p1");
  turn();
  commit();
  const auto repeat = send_one("p1");
  turn();
  now_.steady += 3s;
  answer_guard(CommitResult::kCommitted);
  answer_renewal(CommitResult::kReplaced);
  EXPECT_EQ(error_of(repeat), Status::kNotLeader);
}

TEST_F(Lease, ThatIsLostOnRenewalMakesItStandBy) {
  start();
  advance(2s);
  const auto token = send_one("p1");
  answer_renewal(CommitResult::kReplaced);
  EXPECT_EQ(error_of(token), Status::kNotLeader);
  EXPECT_EQ(said_, (Texts{"READY", "STANDBY"}));
}

TEST_F(Lease, WhoseRenewalFailsIsTakenOverAnew) {
  for (const WriteResult& event :
       std::vector<WriteResult>{failure(StorageError::Kind::kUnavailable), failure(StorageError::Kind::kInDoubt),
                                failure(StorageError::Kind::kRejected), WriteResult{CommitResult::kBaseMoved}}) {
    stored_.clear();
    epoch_ = 0;
    start();
    advance(2s);
    const auto token = send_one("p1");
    answer_renewal(event);
    EXPECT_FALSE(is_answered(token));
    take_over();
    commit();
    EXPECT_EQ(grant_of(token), (Grant{7, 2, 0}));
  }
}

TEST_F(Lease, RenewalThatHangsIsInterruptedAtTheStoresTimeout) {
  start({.store_timeout = 1s});
  advance(2s);
  ASSERT_TRUE(renewal_);
  advance(1s);
  EXPECT_EQ(interrupts_, 1);
}

TEST_F(Lease, IsRenewedFirstAfterALoadThatTookLongerThanIt) {
  start_store();
  pipeline_.emplace(PipelineOptions{.store_timeout = 60s, .lease = {"", 3s}}, StartOptions{});
  lease_ = 3s;
  pipeline_->on_start(now_);
  collect();
  const auto token = send_one("p1");
  now_.steady += 4s;
  take_over();
  EXPECT_EQ(said_, Texts{"READY"});
  EXPECT_FALSE(pipeline_->is_ready(now_));
  ASSERT_TRUE(renewal_);
  answer_renewal(CommitResult::kCommitted);
  EXPECT_TRUE(pipeline_->is_ready(now_));
  commit();
  EXPECT_TRUE(is_answered(token));
}

// A planned stop.

TEST_F(Lease, IsGivenUpAfterTheLastAnswer) {
  start();
  const auto token = send_one("p1");
  turn();
  pipeline_->on_stop(now_);
  collect();
  EXPECT_FALSE(resignation_);
  commit();
  EXPECT_TRUE(grant_of(token));
  ASSERT_TRUE(resignation_);
  EXPECT_EQ(*resignation_, 1);
  EXPECT_FALSE(exit_);
  answer_resignation();
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 0);
}

TEST_F(Lease, ThatCannotBeGivenUpRunsOutByItself) {
  for (const bool answers : {true, false}) {
    stored_.clear();
    exit_.reset();
    epoch_ = 0;
    start();
    pipeline_->on_stop(now_);
    collect();
    ASSERT_TRUE(resignation_);
    if (answers) {
      answer_resignation(failure(StorageError::Kind::kUnavailable));
    } else {
      advance(1'499ms);
      EXPECT_FALSE(exit_);
      advance(1ms);
      resignation_.reset();
    }
    ASSERT_TRUE(exit_);
    EXPECT_EQ(exit_->code, 0) << "everybody has an answer";
    EXPECT_TRUE(logged("lease-not-released"));
  }
}

TEST_F(Lease, IsGivenUpOnceTheRenewalUnderWayIsThrough) {
  start();
  advance(2s);
  ASSERT_TRUE(renewal_);
  pipeline_->on_stop(now_);
  collect();
  EXPECT_FALSE(exit_);
  answer_renewal(CommitResult::kCommitted);
  ASSERT_TRUE(resignation_);
}

}  // namespace
}  // namespace dti
