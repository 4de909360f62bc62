#pragma once

#include <algorithm>
#include <cstddef>
#include <ostream>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "dti/domain/policies/policies.hpp"

namespace dti {

inline constexpr Policy kPolicies[] = {Policy::kFirstCome, Policy::kPriority, Policy::kProportional, Policy::kMaxMin,
                                       Policy::kWeighted,  Policy::kFloors,   Policy::kDrf};

inline Quantity rooms_of(const Grant& grant) { return grant.classrooms + grant.labs + grant.mobile_labs; }

inline std::vector<Quantity> rooms_of(std::span<const Award> awards) {
  std::vector<Quantity> rooms;
  for (const auto& award : awards) rooms.push_back(rooms_of(award.grant));
  return rooms;
}

/// Asks in order of arrival, whose lots have the same order.
inline std::vector<Ask> asks_of(const std::vector<Want>& wants) {
  std::vector<Ask> asks;
  for (const auto& want : wants) {
    const auto number = asks.size() + 1;
    asks.push_back(
        {.program = static_cast<ProgramId>(number), .want = want, .arrival = static_cast<Seq>(number), .lot = number});
  }
  return asks;
}

struct Round {
  Pool pool;
  std::vector<Ask> asks;
};

inline std::ostream& operator<<(std::ostream& out, const Round& round) {
  out << "pool " << round.pool.classrooms << ' ' << round.pool.labs << ' ' << round.pool.conversions_left << "; asks";
  for (const auto& ask : round.asks) {
    out << " {" << ask.want.classrooms << '+' << ask.want.labs << " lot " << ask.lot << " class " << ask.priority_class
        << " weight " << ask.weight << " floor " << ask.floor << '}';
  }
  return out;
}

/// Makes rounds from a seed.
class RandomRounds {
 public:
  explicit RandomRounds(unsigned seed) : random_{seed} {}

  Quantity up_to(Quantity most) { return std::uniform_int_distribution<Quantity>{0, most}(random_); }

  /// A round with 1 to `asks_max` programs that want up to `want_max` rooms of each kind. In most rounds, rooms are
  /// scarce.
  Round next(Quantity asks_max, Quantity want_max) {
    const auto count = 1 + up_to(asks_max - 1);
    const auto capacity_max = 1 + count * want_max * 2 / 3;
    Round round{.pool = {up_to(capacity_max), up_to(capacity_max / 2), up_to(capacity_max / 2)}, .asks = {}};
    for (Quantity i = 0; i < count; ++i) {
      const Want want{.classrooms = up_to(want_max), .labs = up_to(want_max)};
      round.asks.push_back({.program = static_cast<ProgramId>(i + 1),
                            .want = want,
                            .arrival = i + 1,
                            .lot = random_(),
                            .priority_class = static_cast<int>(up_to(2)),
                            .weight = 1 + up_to(4),
                            .floor = up_to(2) == 0 ? up_to(2 * want_max) : 0});
    }
    return round;
  }

  std::mt19937_64& generator() { return random_; }

 private:
  std::mt19937_64 random_;
};

}  // namespace dti
