#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dti/base/check.hpp"

namespace dti {

/// Bounds of a histogram of times: from a commit on a fast disk to the time in which a faculty gives up a batch.
inline constexpr std::array kSecondsBounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                           0.25,   0.5,   1.0,    2.5,   5.0,  10.0,  25.0};

/// Counts values by their size: how many are at most each of some bounds. Plain numbers, cheap to copy.
/// Thread: one.
class Histogram {
 public:
  static constexpr std::size_t kBoundsMax = 16;

  /// @param bounds  in ascending order, at most kBoundsMax; they outlive this object and its copies (a constant array)
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds) { DTI_CHECK(bounds.size() <= kBoundsMax); }

  void observe(double value) {
    std::size_t i = 0;
    while (i < bounds_.size() && value > bounds_[i]) ++i;
    ++counts_[i];
    sum_ += value;
  }

  [[nodiscard]] std::span<const double> bounds() const { return bounds_; }
  /// How many values are at most bounds()[i] and above the bound before it; the last number is of those above all bounds.
  [[nodiscard]] std::span<const std::uint64_t> counts() const { return std::span{counts_}.first(bounds_.size() + 1); }
  [[nodiscard]] double sum() const { return sum_; }

 private:
  std::span<const double> bounds_;
  std::array<std::uint64_t, kBoundsMax + 1> counts_{};
  double sum_ = 0;
};

}  // namespace dti
