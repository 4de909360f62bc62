#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dti::simulation {

/// Pseudo-random numbers that are the same on every machine (splitmix64); all chance of a run comes from one of these.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  [[nodiscard]] std::uint64_t next() {
    std::uint64_t bits = (state_ += 0x9e3779b97f4a7c15U);
    bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9U;
    bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebU;
    return bits ^ (bits >> 31U);
  }

  /// 0 to count - 1; count at least 1.
  [[nodiscard]] std::size_t below(std::size_t count) { return next() % count; }

  /// least to most, both included.
  [[nodiscard]] std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::size_t>(most - least) + 1));
  }

  [[nodiscard]] bool chance(double probability) { return static_cast<double>(next() >> 11U) * 0x1.0p-53 < probability; }

  template <class Value>
  [[nodiscard]] const Value& pick(const std::vector<Value>& values) {
    return values[below(values.size())];
  }

 private:
  std::uint64_t state_;
};

}  // namespace dti::simulation
