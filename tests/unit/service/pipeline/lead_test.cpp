#include "dti/service/pipeline/lead.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace dti {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kStart{1h};
constexpr std::chrono::milliseconds kLease{3'000};

TEST(Lead, ItsLeaseEndsExactlyItsDurationAfterTheTakeOverWasRequested) {
  Lead lead{kLease};
  EXPECT_FALSE(lead.has_lease(kStart));
  lead.take(7, kStart);
  EXPECT_EQ(lead.epoch(), 7);
  EXPECT_TRUE(lead.has_lease(kStart + kLease - 1ms));
  EXPECT_FALSE(lead.has_lease(kStart + kLease));
  lead.renew(kStart + 2s);
  EXPECT_TRUE(lead.has_lease(kStart + 2s + kLease - 1ms));
  EXPECT_FALSE(lead.has_lease(kStart + 2s + kLease));
}

TEST(Lead, ARenewalIsDueExactlyAfterAThirdOfTheLeaseAndOnlyWhileItLeads) {
  Lead lead{kLease};
  EXPECT_FALSE(lead.is_renewal_due(kStart)) << "while it takes over";
  lead.take(1, kStart);
  EXPECT_FALSE(lead.is_renewal_due(kStart + 999ms));
  EXPECT_TRUE(lead.is_renewal_due(kStart + 1s));
  lead.stand_by("other:1", kStart + 2s);
  EXPECT_FALSE(lead.is_renewal_due(kStart + 1h)) << "while it stands by";
}

TEST(Lead, TakesOverAtOnceAfterOneFailureAndAfterAPauseIfTheStoreFailsAgainWithoutAnAnswer) {
  Lead lead{kLease};
  lead.take(1, kStart);
  EXPECT_TRUE(lead.lose(kStart));
  EXPECT_EQ(lead.phase(), Lead::Phase::kTakingOver);
  EXPECT_EQ(lead.retry_at(), std::nullopt);
  EXPECT_FALSE(lead.lose(kStart));
  EXPECT_FALSE(lead.is_take_over_due(kStart + 199ms));
  EXPECT_TRUE(lead.is_take_over_due(kStart + 200ms));
  lead.begin_take_over(kLease, kStart);
  EXPECT_FALSE(lead.is_take_over_due(kStart + 1h)) << "one take-over at a time";
  lead.on_answer();
  EXPECT_TRUE(lead.lose(kStart)) << "the store has answered meanwhile";
}

TEST(Lead, HasFollowedOnlyIfItReadTheLedgerToItsEndSinceItStandsBy) {
  Lead lead{kLease};
  EXPECT_FALSE(lead.has_followed());
  lead.stand_by("other:1", kStart);
  EXPECT_FALSE(lead.has_followed());
  EXPECT_EQ(lead.followed_at(), kStart) << "when it was to begin";
  lead.watch_later(kStart + 1s);
  EXPECT_FALSE(lead.has_followed());
  EXPECT_EQ(lead.followed_at(), kStart);
  lead.see("other:1", kStart + 2s);
  EXPECT_TRUE(lead.has_followed());
  EXPECT_EQ(lead.followed_at(), kStart + 2s);
  lead.find_free();
  lead.take(2, kStart + 3s);
  EXPECT_FALSE(lead.has_followed()) << "it leads";
  lead.stand_by("third:1", kStart + 4s);
  EXPECT_FALSE(lead.has_followed()) << "it has not read what the third one wrote";
  EXPECT_EQ(lead.followed_at(), kStart + 4s);
}

TEST(Lead, ThePausesDoubleFromATenthOfASecondToOneSecond) {
  Lead taking_over{kLease};
  Lead watching{kLease};
  watching.stand_by("other:1", kStart);
  for (const auto pause : {100ms, 200ms, 400ms, 800ms, 1'000ms, 1'000ms}) {
    taking_over.retry_later(kStart);
    EXPECT_EQ(taking_over.retry_at(), kStart + pause);
    watching.watch_later(kStart);
    EXPECT_EQ(watching.watch_at(), kStart + pause);
  }
}

TEST(Lead, AServerThatStandsByHasNoLeaseAndNoTakeOverAndNoFailuresBehindIt) {
  Lead lead{kLease};
  lead.take(1, kStart);
  lead.retry_later(kStart);
  lead.retry_later(kStart);
  lead.stand_by("other:1", kStart + 5ms);
  EXPECT_FALSE(lead.has_lease(kStart));
  EXPECT_EQ(lead.retry_at(), std::nullopt);
  EXPECT_FALSE(lead.is_watch_due(kStart + 4ms));
  EXPECT_TRUE(lead.is_watch_due(kStart + 5ms));
  lead.watch_later(kStart);
  EXPECT_EQ(lead.watch_at(), kStart + 100ms) << "its first failure as a standby";
  EXPECT_EQ(lead.epoch(), 1) << "under which it led last";
}

TEST(Lead, AWatchNamesTheLeaderAndTheNextOneIsDueATenthOfASecondLater) {
  Lead lead{kLease};
  lead.stand_by("", kStart);
  lead.begin_watch();
  EXPECT_FALSE(lead.is_watch_due(kStart + 1h)) << "one watch at a time";
  lead.see("other:1", kStart + 30ms);
  EXPECT_EQ(lead.leader(), "other:1");
  EXPECT_EQ(lead.watch_at(), kStart + 130ms);
  EXPECT_EQ(lead.phase(), Lead::Phase::kStandby);
}

}  // namespace
}  // namespace dti
