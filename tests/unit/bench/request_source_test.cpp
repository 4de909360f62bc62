#include "core/request_source.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <optional>
#include <set>
#include <vector>

namespace dti::bench {
namespace {

// What a source gives if each request is granted at once.
struct Taken {
  std::vector<std::uint64_t> fresh;
  std::vector<std::uint64_t> repeats;
};
Taken take(RequestSource& source, int most) {
  Taken taken;
  InFlight in_flight{4};
  for (int i = 0; i < most; ++i) {
    const auto next = source.next(in_flight);
    if (!next) break;
    (next->is_repeat ? taken.repeats : taken.fresh).push_back(next->number);
    if (!next->is_repeat) source.on_granted(next->number);
  }
  return taken;
}

std::vector<std::uint64_t> numbers(std::uint64_t first, std::uint64_t end) {
  std::vector<std::uint64_t> all(end - first);
  std::iota(all.begin(), all.end(), first);
  return all;
}

TEST(RequestSource, WithoutRepeatsGivesEachRequestOnceFromTheFirstOn) {
  for (const std::uint64_t first : {0u, 3u}) {
    RequestSource source{{.size = 10, .first = first}};
    const auto taken = take(source, 100);
    EXPECT_EQ(taken.fresh, numbers(first, 10));
    EXPECT_TRUE(taken.repeats.empty());
    EXPECT_TRUE(source.is_used_up());
    EXPECT_EQ(source.used(), 10u);
  }
}

TEST(RequestSource, RepeatsTheShareThatItIsToldOfWhatWasGranted) {
  RequestSource source{{.size = 100'000, .repeats = 25, .seed = 7}};
  const auto taken = take(source, 20'000);
  EXPECT_EQ(taken.fresh, numbers(0, taken.fresh.size()));
  EXPECT_EQ(source.used(), taken.fresh.size());
  EXPECT_NEAR(static_cast<double>(taken.repeats.size()), 5'000, 250);  // four standard deviations
  EXPECT_GT(std::set(taken.repeats.begin(), taken.repeats.end()).size(), taken.repeats.size() / 2);
}

TEST(RequestSource, RepeatsNothingThatWasNotGranted) {
  RequestSource source{{.size = 1'000, .repeats = 99}};
  InFlight in_flight{1};
  for (std::uint64_t i = 0; i < 100; ++i) {
    const auto next = source.next(in_flight);
    ASSERT_TRUE(next);
    EXPECT_FALSE(next->is_repeat);
    EXPECT_EQ(next->number, i);
  }
}

TEST(RequestSource, DoesNotRepeatWhatIsUnderWay) {
  RequestSource source{{.size = 1'000, .repeats = 99}};
  source.on_granted(500);
  InFlight in_flight{1};
  in_flight.add({.number = 500});
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(source.next(in_flight)->is_repeat);
}

TEST(RequestSource, WithRepeatsOnlyGoesRoundAndRoundThroughWhatEarlierRunsAsked) {
  struct Case {
    std::uint64_t first;
    std::vector<std::uint64_t> expected;
  };
  for (const auto& c : {Case{0, {0, 1, 2, 3, 0, 1, 2}}, Case{3, {0, 1, 2, 0, 1, 2, 0}}}) {
    RequestSource source{{.size = 4, .first = c.first, .repeats = 100}};
    const auto taken = take(source, 7);
    EXPECT_EQ(taken.repeats, c.expected);
    EXPECT_TRUE(taken.fresh.empty());
    EXPECT_FALSE(source.is_used_up());
    EXPECT_EQ(source.used(), c.first);
  }
}

TEST(RequestSource, WithRepeatsOnlyWaitsForTheNextOneIfThatIsUnderWay) {
  RequestSource source{{.size = 1, .repeats = 100}};
  InFlight in_flight{2};
  in_flight.add({.number = 0});
  EXPECT_FALSE(source.next(in_flight));
  in_flight.remove(in_flight.find(0));
  EXPECT_TRUE(source.next(in_flight));
}

}  // namespace
}  // namespace dti::bench
