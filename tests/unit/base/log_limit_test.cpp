#include "dti/base/log_limit.hpp"

#include <gtest/gtest.h>

namespace dti {
namespace {

using namespace std::chrono_literals;

TEST(LogLimit, LetsAnEventThroughOnceAnIntervalAndTellsOfWhatItHeldBack) {
  LogLimit limit{1s};
  const SteadyTime start{};
  EXPECT_EQ(limit.pass(start, 3), 3U);
  EXPECT_EQ(limit.pass(start + 999ms, 4), std::nullopt);
  EXPECT_EQ(limit.pass(start + 999ms, 5), std::nullopt);
  EXPECT_EQ(limit.pass(start + 1s, 1), 10U);
  EXPECT_EQ(limit.pass(start + 1'999ms), std::nullopt);
}

TEST(LogLimit, KnowsWhenTheNextEventPasses) {
  LogLimit limit{1s};
  EXPECT_EQ(limit.passes_at(), SteadyTime{});
  ASSERT_TRUE(limit.pass(SteadyTime{1h}));
  ASSERT_FALSE(limit.pass(SteadyTime{1h} + 999ms));
  EXPECT_EQ(limit.passes_at(), SteadyTime{1h} + 1s);
  EXPECT_TRUE(limit.pass(limit.passes_at()));
}

TEST(LogLimit, ItsEndTellsWhatWasNeverTold) {
  LogLimit limit{1s};
  EXPECT_EQ(limit.pass({}, 3), 3U);
  EXPECT_EQ(limit.pass({}, 4), std::nullopt);
  EXPECT_EQ(limit.end(), 4U);
  EXPECT_EQ(limit.end(), 0U);
  EXPECT_EQ(limit.pass({}, 2), 2U) << "at once";
}

}  // namespace
}  // namespace dti
