#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

#include "dti/base/time.hpp"

namespace dti {

/// Lets what would be logged again and again through at most once an interval, and counts what it holds back, so that a
/// full disk is not filled with the news that it is full. Thread: one.
class LogLimit {
 public:
  explicit LogLimit(std::chrono::milliseconds interval) : interval_(interval) {}

  /// @param count  how many things are to be told of
  /// @return none: hold it back; else how many to tell of, with those held back since something was last let through
  [[nodiscard]] std::optional<std::size_t> pass(SteadyTime now, std::size_t count = 1) {
    held_back_ += count;
    if (told_at_ && now - *told_at_ < interval_) return std::nullopt;
    told_at_ = now;
    return std::exchange(held_back_, 0);
  }

  /// It is over: the next one passes at once. @return how many were held back and never told of
  std::size_t end() {
    told_at_.reset();
    return std::exchange(held_back_, 0);
  }

 private:
  const std::chrono::milliseconds interval_;
  std::optional<SteadyTime> told_at_;
  std::size_t held_back_ = 0;
};

}  // namespace dti
