#include "dti/transport/resources/memory_bound.hpp"

#include <gtest/gtest.h>

namespace dti {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMib = 1024 * 1024;
constexpr SteadyTime kStart{1h};

TEST(MemoryBoundTest, IsExceededAboveItAndNotAtIt) {
  const MemoryBound bound{100 * kMib};
  EXPECT_FALSE(bound.is_exceeded(0, kStart));
  EXPECT_FALSE(bound.is_exceeded(100 * kMib, kStart));
  EXPECT_TRUE(bound.is_exceeded(100 * kMib + 1, kStart));
}

TEST(MemoryBoundTest, OfZeroIsNone) {
  MemoryBound bound{0};
  EXPECT_FALSE(bound.is_set());
  EXPECT_FALSE(bound.is_exceeded(std::size_t{1} << 60U, kStart));
  bound.on_closed(kMib, kStart);
  EXPECT_FALSE(bound.is_exceeded(std::size_t{1} << 60U, kStart + 1h));
}

TEST(MemoryBoundTest, CanBeChanged) {
  MemoryBound bound{100 * kMib};
  bound.on_closed(90 * kMib, kStart);
  EXPECT_TRUE(bound.is_raised());
  bound.change(100 * kMib);
  EXPECT_TRUE(bound.is_raised()) << "the limit is the same, so the port need not be closed again";
  bound.change(200 * kMib);
  EXPECT_EQ(bound.bytes(), 200 * kMib);
  EXPECT_FALSE(bound.is_raised());
  EXPECT_TRUE(bound.is_exceeded(200 * kMib + 1, kStart + 1h));
  bound.change(0);
  EXPECT_FALSE(bound.is_set());
  EXPECT_FALSE(bound.is_exceeded(1000 * kMib, kStart + 1h));
}

TEST(MemoryBoundTest, LeavesTimeBetweenTwoClosings) {
  MemoryBound bound{100 * kMib};
  bound.on_closed(10 * kMib, kStart);
  EXPECT_FALSE(bound.is_exceeded(1000 * kMib, kStart + MemoryBound::kClosedAgainAfter - 1ms));
  EXPECT_TRUE(bound.is_exceeded(1000 * kMib, kStart + MemoryBound::kClosedAgainAfter));
}

TEST(MemoryBoundTest, IsWhatWasAskedForWhateverTheFloorIfThatLeavesAQuarter) {
  for (const std::size_t floor : {std::size_t{0}, 10 * kMib, 75 * kMib}) {
    MemoryBound bound{100 * kMib};
    bound.on_closed(floor, kStart);
    EXPECT_EQ(bound.bytes(), 100 * kMib);
    EXPECT_FALSE(bound.is_raised());
  }
}

TEST(MemoryBoundTest, DoesNotLoopOverAStateThatIsLarger) {
  MemoryBound bound{100 * kMib};
  auto now = kStart;
  EXPECT_TRUE(bound.is_exceeded(300 * kMib, now));
  bound.on_closed(290 * kMib, now);
  EXPECT_TRUE(bound.is_raised());
  EXPECT_EQ(bound.bytes(), 315 * kMib);
  now += 1h;
  EXPECT_FALSE(bound.is_exceeded(300 * kMib, now)) << "the state and some traffic";
  EXPECT_TRUE(bound.is_exceeded(316 * kMib, now)) << "peers have filled what was left to them";
}

TEST(MemoryBoundTest, FallsAgainWithTheState) {
  MemoryBound bound{100 * kMib};
  bound.on_closed(290 * kMib, kStart);
  bound.on_closed(20 * kMib, kStart + 1h);
  EXPECT_EQ(bound.bytes(), 100 * kMib);
  EXPECT_FALSE(bound.is_raised());
}

}  // namespace
}  // namespace dti
