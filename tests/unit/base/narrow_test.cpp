#include "dti/base/narrow.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace dti {
namespace {

using Narrow = std::numeric_limits<std::int32_t>;

TEST(NarrowDeathTest, ANumberThatDoesNotFitIsABugAndTheLastOnesThatFitAreKept) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EQ(narrow(Narrow::max()), Narrow::max());
  EXPECT_EQ(narrow(Narrow::min()), Narrow::min());
  EXPECT_DEATH((void)narrow(std::int64_t{Narrow::max()} + 1), "check failed");
  EXPECT_DEATH((void)narrow(std::int64_t{Narrow::min()} - 1), "check failed");
}

}  // namespace
}  // namespace dti
