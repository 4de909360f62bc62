#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/in_flight.hpp"
#include "core/random.hpp"

namespace dti::bench {

struct RequestSourceOptions {
  std::uint64_t size = 0;   // requests that there are
  std::uint64_t first = 0;  // the number of requests of earlier runs
  int repeats = 0;          // per cent
  std::uint64_t seed = 1;
};

/// Which request comes next: a fresh one, in order, or a repeat of one that was granted in this run. With 100 per cent
/// of repeats all were asked before: those of earlier runs (the first `first`, or all if that is 0) in their order, and
/// again from the start. A request is never sent again before its reply.
class RequestSource {
 public:
  explicit RequestSource(RequestSourceOptions options)
      : options_(options), next_fresh_(options.first), random_(~options.seed) {
    if (has_fresh_and_repeats()) answered_.reserve(kAnsweredMax);
  }

  struct Next {
    std::uint64_t number = 0;
    bool is_repeat = false;
  };
  /// @return none: there is nothing more to ask, or not before something is answered (is_used_up() tells)
  [[nodiscard]] std::optional<Next> next(InFlight& in_flight) {
    if (options_.repeats == 100) return next_of_earlier_runs(in_flight);
    if (has_fresh_and_repeats() && !answered_.empty() &&
        random_.below(100) < static_cast<std::uint64_t>(options_.repeats)) {
      const auto number = answered_[random_.below(answered_.size())];
      if (in_flight.find(number) == nullptr) return Next{number, true};
    }
    if (is_used_up()) return std::nullopt;
    return Next{next_fresh_++, false};
  }

  /// A fresh request was granted in full, and may be repeated from now on.
  void on_granted(std::uint64_t number) {
    if (!has_fresh_and_repeats()) return;
    ++granted_count_;
    if (answered_.size() < kAnsweredMax) {
      answered_.push_back(number);
    } else if (const auto place = random_.below(granted_count_); place < kAnsweredMax) {
      answered_[place] = number;  // a reservoir: each had the same chance to be in it
    }
  }

  /// No fresh request is left. With 100 per cent of repeats that never happens.
  [[nodiscard]] bool is_used_up() const { return options_.repeats < 100 && next_fresh_ >= options_.size; }
  /// How many of the order were used, those of earlier runs included.
  [[nodiscard]] std::uint64_t used() const { return next_fresh_; }

 private:
  static constexpr std::size_t kAnsweredMax = std::size_t{1} << 20;  // 8 MiB

  [[nodiscard]] bool has_fresh_and_repeats() const { return options_.repeats > 0 && options_.repeats < 100; }

  [[nodiscard]] std::optional<Next> next_of_earlier_runs(InFlight& in_flight) {
    if (in_flight.find(next_repeat_) != nullptr) return std::nullopt;
    const Next next{next_repeat_, true};
    if (++next_repeat_ == (options_.first > 0 ? options_.first : options_.size)) next_repeat_ = 0;
    return next;
  }

  const RequestSourceOptions options_;
  std::uint64_t next_fresh_;
  std::uint64_t next_repeat_ = 0;
  Random random_;
  std::vector<std::uint64_t> answered_;
  std::uint64_t granted_count_ = 0;
};

}  // namespace dti::bench
