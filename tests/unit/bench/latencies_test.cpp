#include "core/latencies.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace dti::bench {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

TEST(Latencies, NoneAtAllIsZero) {
  const auto summary = Latencies{0}.summary();
  EXPECT_EQ(summary.count, 0u);
  EXPECT_EQ(summary.p50, 0);
  EXPECT_EQ(summary.max, 0);
  EXPECT_EQ(summary.mean, 0);
}

TEST(Latencies, PercentilesAreThoseOfTheNearestRankInWhateverOrderTheyCame) {
  struct Case {
    int count;  // 1, 2, …, count microseconds
    double p50, p90, p99, p999;
  };
  for (const auto& c :
       {Case{1, 1, 1, 1, 1}, Case{2, 1, 2, 2, 2}, Case{10, 5, 9, 10, 10}, Case{100, 50, 90, 99, 100},
        Case{1'000, 500, 900, 990, 999}, Case{1'001, 501, 901, 991, 1'000}, Case{10'000, 5'000, 9'000, 9'900, 9'990}}) {
    SCOPED_TRACE(c.count);
    Latencies rising{0};
    Latencies falling{0};
    for (int i = 1; i <= c.count; ++i) {
      rising.add(microseconds{i});
      falling.add(microseconds{c.count + 1 - i});
    }
    for (const auto& summary : {rising.summary(), falling.summary()}) {
      EXPECT_EQ(summary.count, static_cast<std::size_t>(c.count));
      EXPECT_DOUBLE_EQ(summary.p50, c.p50);
      EXPECT_DOUBLE_EQ(summary.p90, c.p90);
      EXPECT_DOUBLE_EQ(summary.p99, c.p99);
      EXPECT_DOUBLE_EQ(summary.p999, c.p999);
      EXPECT_DOUBLE_EQ(summary.max, c.count);
      EXPECT_DOUBLE_EQ(summary.mean, (c.count + 1) / 2.0);
    }
  }
}

TEST(Latencies, AreKeptToATenthOfAMicrosecondAndUpTo429Seconds) {
  struct Case {
    nanoseconds given;
    double microseconds_kept;
  };
  for (const auto& c : {Case{nanoseconds{-5}, 0}, Case{nanoseconds{49}, 0}, Case{nanoseconds{50}, 0.1},
                        Case{nanoseconds{1'234'560}, 1'234.6}, Case{std::chrono::seconds{429}, 429e6},
                        Case{std::chrono::hours{1}, 429'496'729.5}}) {
    Latencies latencies{1};
    latencies.add(c.given);
    EXPECT_DOUBLE_EQ(latencies.summary().max, c.microseconds_kept) << c.given.count() << " ns";
  }
}

}  // namespace
}  // namespace dti::bench
