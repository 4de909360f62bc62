#include "dti/base/histogram.hpp"

#include <array>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace dti {
namespace {

constexpr std::array kBounds{1.0, 10.0};

std::vector<std::uint64_t> counts_of(const Histogram& histogram) {
  return {histogram.counts().begin(), histogram.counts().end()};
}

TEST(HistogramTest, CountsAValueAtABoundBelowIt) {
  Histogram histogram{kBounds};
  EXPECT_EQ(counts_of(histogram), (std::vector<std::uint64_t>{0, 0, 0}));
  for (const double value : {0.0, 1.0, 1.5, 10.0, 10.5, 1000.0}) histogram.observe(value);
  EXPECT_EQ(counts_of(histogram), (std::vector<std::uint64_t>{2, 2, 2}));
  EXPECT_EQ(histogram.sum(), 1023.0);
}

TEST(HistogramTest, ACopyKeepsItsCounts) {
  Histogram histogram{kBounds};
  histogram.observe(5);
  const auto copy = histogram;
  histogram.observe(5);
  EXPECT_EQ(counts_of(copy), (std::vector<std::uint64_t>{0, 1, 0}));
}

}  // namespace
}  // namespace dti
