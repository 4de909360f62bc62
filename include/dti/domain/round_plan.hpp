#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dti/domain/ask.hpp"

namespace dti {

inline constexpr std::size_t kRoundAsksMax = 50'000;  // of one round: its message fits into a frame

/// What a round is to decide. Once the round is opened, nothing of it can be changed: the hash of the plan is published.
/// Source: docs/adr/0033-rounds.md
struct RoundPlan {
  std::string store;  // the id of the store, as hexadecimal digits, whose programs the asks name
  std::string semester;
  std::string policy;     // its name
  std::vector<Ask> asks;  // each program once, 1 to kRoundAsksMax; lots and arrivals mean nothing

  friend bool operator==(const RoundPlan&, const RoundPlan&) = default;
};

}  // namespace dti
