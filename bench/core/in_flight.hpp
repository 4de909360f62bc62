#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dti/base/check.hpp"

namespace dti::bench {

/// A request that was sent and is not settled. Times are nanoseconds of the steady clock.
struct UnderWay {
  std::uint64_t number = 0;
  std::int64_t due = 0;   // its latency counts from here
  std::int64_t sent = 0;  // when it was sent last
  std::uint32_t bytes = 0;
  bool is_repeat = false;
  bool waits = false;  // was refused, and is to be sent again
};

/// The requests that have no reply yet, by their number. The table has a fixed size, so that no message needs an
/// allocation.
class InFlight {
 public:
  /// @param most  the maximum number of requests at a time
  explicit InFlight(std::size_t most)
      : most_(most),
        shift_(64 - static_cast<int>(std::bit_width(2 * most - 1))),
        slots_(std::size_t{1} << (64 - shift_)) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool is_full() const { return size_ == most_; }

  /// A number that is not here, while it is not full.
  void add(const UnderWay& request) {
    DTI_CHECK(!is_full());
    auto place = home(request.number);
    while (slots_[place].is_taken) place = next(place);
    slots_[place] = {request, true};
    ++size_;
  }

  /// @return nullptr if it is not here. It stands until the next add() or remove().
  [[nodiscard]] UnderWay* find(std::uint64_t number) {
    for (auto place = home(number); slots_[place].is_taken; place = next(place)) {
      if (slots_[place].request.number == number) return &slots_[place].request;
    }
    return nullptr;
  }

  /// @param request  what find() gave
  void remove(const UnderWay* request) {
    auto hole = home(request->number);
    while (&slots_[hole].request != request) hole = next(hole);
    // What stands behind the hole and would not be found across it moves into it.
    for (auto place = next(hole); slots_[place].is_taken; place = next(place)) {
      const auto from_home = (place - home(slots_[place].request.number)) & (slots_.size() - 1);
      const auto from_hole = (place - hole) & (slots_.size() - 1);
      if (from_home < from_hole) continue;
      slots_[hole] = slots_[place];
      hole = place;
    }
    slots_[hole].is_taken = false;
    --size_;
  }

  template <typename Function>
  void for_each(Function&& function) const {
    for (const auto& slot : slots_) {
      if (slot.is_taken) function(slot.request);
    }
  }

 private:
  struct Slot {
    UnderWay request;
    bool is_taken = false;
  };
  [[nodiscard]] std::size_t home(std::uint64_t number) const { return (number * 0x9e3779b97f4a7c15U) >> shift_; }
  [[nodiscard]] std::size_t next(std::size_t place) const { return (place + 1) & (slots_.size() - 1); }

  std::size_t most_;
  int shift_;  // of a product of 64 bits, down to a place; half of the places stay free
  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace dti::bench
