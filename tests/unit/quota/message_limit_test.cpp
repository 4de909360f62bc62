#include "dti/quota/message_limit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace dti {
namespace {

using namespace std::chrono_literals;

constexpr auto kTaken = 0ns;
constexpr std::int64_t kPerSecond = 100;
constexpr std::int64_t kBurst = kPerSecond * MessageLimit::kBurstSeconds;
constexpr SteadyTime kStart{1h};

/// How many of 10,000 messages of a peer pass at one moment.
std::int64_t passing(MessageLimit& limit, std::uint64_t peer, std::size_t bytes, SteadyTime now) {
  std::int64_t count = 0;
  for (int i = 0; i < 10'000; ++i) count += limit.take(peer, bytes, now).wait == kTaken ? 1 : 0;
  return count;
}

TEST(MessageLimit, OnePeerUsesUpItsOwnMessagesOnly) {
  MessageLimit limit{kPerSecond};
  EXPECT_EQ(passing(limit, 1, 100, kStart), kBurst);
  EXPECT_EQ(passing(limit, 2, 100, kStart), kBurst);
  EXPECT_EQ(passing(limit, 1, 100, kStart + 1s), kPerSecond);
  EXPECT_EQ(passing(limit, 1, 100, kStart + 1h), kBurst);
}

TEST(MessageLimit, TheRepeatsOfRefusedMessagesComeOneAfterTheOtherAndPass) {
  MessageLimit limit{kPerSecond};
  ASSERT_EQ(passing(limit, 1, 100, kStart - 1h), kBurst);
  std::vector<SteadyTime> repeats;
  for (std::int64_t i = 0; i < kBurst + 50; ++i) {
    const auto verdict = limit.take(1, 100, kStart);
    EXPECT_FALSE(verdict.is_flood);
    if (verdict.wait != kTaken) repeats.push_back(kStart + verdict.wait);
  }
  ASSERT_EQ(repeats.size(), 50U);
  for (std::size_t i = 0; i < repeats.size(); ++i) {
    EXPECT_EQ(repeats[i], kStart + 10ms * (2 + i));
    EXPECT_EQ(limit.take(1, 100, repeats[i]).wait, kTaken) << i;
  }
}

TEST(MessageLimit, APeerThatSendsOnRegardlessIsAFloodUntilItHasBeenSilent) {
  MessageLimit limit{kPerSecond};
  for (std::int64_t i = 0; i < 2 * kBurst; ++i) ASSERT_FALSE(limit.take(1, 100, kStart).is_flood) << i;
  EXPECT_TRUE(limit.take(1, 100, kStart).is_flood);
  EXPECT_FALSE(limit.take(2, 100, kStart).is_flood);
  EXPECT_EQ(limit.take(1, 100, kStart + 10ms).wait, kTaken) << "what passes is no flood";
  EXPECT_FALSE(limit.take(1, 100, kStart + 10ms).is_flood);
  EXPECT_TRUE(limit.take(1, 100, kStart + 10ms).is_flood);
}

TEST(MessageLimit, ALargeMessageCountsAsSeveral) {
  struct Case {
    const char* what;
    std::size_t bytes;
    std::int64_t tokens;
  };
  constexpr Case kCases[] = {
      {"nothing", 0, 1},
      {"five programs", 700, 1},
      {"just less than one KiB", 1'023, 1},
      {"one KiB", 1'024, 2},
      {"sixty programs", 7'000, 7},
      {"a thousand programs", 130'000, 127},
      {"the largest frame", 1'048'576, 1'025},
  };
  for (const auto& [what, bytes, tokens] : kCases) {
    EXPECT_EQ(MessageLimit::tokens_of(bytes), tokens) << what;
    MessageLimit limit{kPerSecond};
    EXPECT_EQ(passing(limit, 1, bytes, kStart), std::max<std::int64_t>(kBurst / tokens, 1)) << what;
  }
}

TEST(MessageLimit, AMessageThatIsLargerThanTheBucketPassesWhenTheBucketIsFull) {
  MessageLimit limit{1};
  EXPECT_EQ(passing(limit, 1, 4 * 1024 * 1024, kStart), 1);
  EXPECT_EQ(passing(limit, 1, 4 * 1024 * 1024, kStart + 9s), 0);
  EXPECT_EQ(passing(limit, 1, 4 * 1024 * 1024, kStart + 10s), 1);
}

TEST(MessageLimit, WithoutALimitEverythingPassesAndNothingIsKept) {
  MessageLimit limit{0};
  EXPECT_EQ(passing(limit, 1, 1'000'000, kStart), 10'000);
  EXPECT_EQ(limit.size(), 0U);
}

TEST(MessageLimit, ItCanChange) {
  MessageLimit limit{kPerSecond};
  EXPECT_EQ(passing(limit, 1, 100, kStart), kBurst);
  limit.change(2 * kPerSecond);
  EXPECT_EQ(passing(limit, 1, 100, kStart + 1s), 2 * kPerSecond);
  limit.change(0);
  EXPECT_EQ(passing(limit, 1, 100, kStart + 1s), 10'000);
  limit.change(1);
  EXPECT_EQ(passing(limit, 2, 100, kStart + 1s), MessageLimit::kBurstSeconds);
}

TEST(MessageLimit, APeerWithManyAddressesDoesNotMakeItGrowAndDoesNotResetAPeerThatItKnows) {
  MessageLimit limit{kPerSecond};
  ASSERT_EQ(passing(limit, 1, 100, kStart), kBurst);
  std::int64_t passed = 0;
  constexpr std::int64_t kAddresses = 10 * MessageLimit::kPeersMax;
  for (std::uint64_t peer = 2; peer < kAddresses; ++peer)
    passed += limit.take(peer, 100, kStart).wait == kTaken ? 1 : 0;
  EXPECT_EQ(limit.size(), MessageLimit::kPeersMax);
  EXPECT_EQ(passed, static_cast<std::int64_t>(MessageLimit::kPeersMax) - 1 + kBurst);  // the others share one bucket
  EXPECT_GT(limit.take(1, 100, kStart).wait, kTaken);
}

TEST(MessageLimit, ItForgetsThePeersThatHaveBeenSilentForLongEnough) {
  MessageLimit limit{kPerSecond};
  for (std::uint64_t peer = 0; peer < MessageLimit::kPeersMax; ++peer) {
    ASSERT_EQ(limit.take(peer, 100, kStart).wait, kTaken);
  }
  ASSERT_EQ(passing(limit, 0, 100, kStart), kBurst - 1);
  EXPECT_EQ(limit.take(1'000'000, 100, kStart + 1s).wait, kTaken);
  EXPECT_EQ(limit.size(), 2U);
  EXPECT_EQ(passing(limit, 0, 100, kStart + 1s), kPerSecond) << "the bucket of a peer that is not silent was forgotten";
}

}  // namespace
}  // namespace dti
