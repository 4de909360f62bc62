#include "dti/quota/token_bucket.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace dti {
namespace {

using namespace std::chrono_literals;

constexpr BucketSize kTenOfOneSecond{1s, 10};
constexpr auto kTaken = 0ns;

TEST(TokenBucket, GivesWhatItHoldsAndThenWhatComesIn) {
  struct Step {
    std::chrono::milliseconds at;
    std::int64_t tokens;
    std::chrono::nanoseconds wait;
  };
  const Step steps[] = {
      {0ms, 4, kTaken},     {0ms, 6, kTaken},        {0ms, 1, 1s},         {999ms, 1, 1ms},
      {1'000ms, 1, kTaken}, {1'000ms, 2, 2s},        {3'500ms, 2, kTaken}, {3'500ms, 1, 500ms},
      {4'000ms, 1, kTaken}, {60'000ms, 11, kTaken},  // more than the bucket holds counts as all of it
      {60'000ms, 100, 10s}, {70'000ms, 100, kTaken},
  };
  TokenBucket bucket;
  const SteadyTime start{1h};
  for (const auto& [at, tokens, wait] : steps) {
    EXPECT_EQ(bucket.take(tokens, kTenOfOneSecond, start + at), wait) << at.count() << " ms, " << tokens;
  }
}

TEST(TokenBucket, IsNewAgainWhenItIsFull) {
  TokenBucket bucket;
  const SteadyTime start{1h};
  EXPECT_EQ(bucket.full_in(start), 0s);
  ASSERT_EQ(bucket.take(3, kTenOfOneSecond, start), kTaken);
  EXPECT_EQ(bucket.full_in(start), 3s);
  EXPECT_EQ(bucket.full_in(start + 2'999ms), 1ms);
  EXPECT_EQ(bucket.full_in(start + 3s), 0s);
  EXPECT_EQ(bucket.full_in(start + 4s), 0s);
}

/// A bucket that counts its tokens, in millionths.
struct CountingBucket {
  std::int64_t millionths;
  SteadyTime at;

  bool take(std::int64_t tokens, const BucketSize& size, SteadyTime now) {
    const auto came = (now - at).count() * 1'000'000 / size.per_token.count();
    millionths = std::min(millionths + came, size.tokens_max * 1'000'000);
    at = now;
    const auto needed = std::min(tokens, size.tokens_max) * 1'000'000;
    if (millionths < needed) return false;
    millionths -= needed;
    return true;
  }
};

TEST(TokenBucket, DecidesAsABucketThatCountsAndItsWaitIsExact) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  const auto up_to = [&](std::int64_t max) { return std::uniform_int_distribution<std::int64_t>{0, max}(random); };
  for (int round = 0; round < 50; ++round) {
    const BucketSize size{1ms * (1 + up_to(20)), 1 + up_to(30)};
    SteadyTime now{1h};
    TokenBucket bucket;
    CountingBucket model{size.tokens_max * 1'000'000, now};
    for (int i = 0; i < 500; ++i) {
      now += size.per_token * up_to(3);
      const auto tokens = 1 + up_to(40);
      auto copy = bucket;
      const auto wait = bucket.take(tokens, size, now);
      ASSERT_EQ(wait == kTaken, model.take(tokens, size, now)) << "round " << round << ", step " << i;
      if (wait == kTaken) continue;
      ASSERT_GT(copy.take(tokens, size, now + wait - 1ns), kTaken);
      ASSERT_EQ(copy.take(tokens, size, now + wait), kTaken);
    }
  }
}

}  // namespace
}  // namespace dti
