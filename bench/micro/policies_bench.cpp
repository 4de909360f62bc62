// A round of many programs, when there are rooms for about half of what they want.
#include "dti/domain/policies/policies.hpp"

#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

namespace dti::micro {
namespace {

std::vector<Ask> asks(Quantity count) {
  constexpr unsigned kSeed = 20267;
  std::mt19937_64 random{kSeed};
  const auto up_to = [&](Quantity most) { return std::uniform_int_distribution<Quantity>{0, most}(random); };
  std::vector<Ask> asks;
  for (Quantity i = 1; i <= count; ++i) {
    asks.push_back({.program = static_cast<ProgramId>(i),
                    .want = {.classrooms = up_to(20), .labs = up_to(8)},
                    .arrival = i,
                    .lot = random(),
                    .priority_class = static_cast<int>(up_to(4)),
                    .weight = 1 + up_to(kWeightMax - 1),
                    .floor = up_to(3)});
  }
  return asks;
}

/// @param state  range 0: programs
void share_round(benchmark::State& state, Policy policy) {
  const auto all = asks(state.range(0));
  const Pool pool{.classrooms = 6 * state.range(0), .labs = state.range(0), .conversions_left = 2 * state.range(0)};
  for (auto _ : state) benchmark::DoNotOptimize(share(policy, pool, all));
}

const bool kRegistered = [] {
  for (const auto policy : {Policy::kFirstCome, Policy::kPriority, Policy::kProportional, Policy::kMaxMin,
                            Policy::kWeighted, Policy::kFloors, Policy::kDrf}) {
    benchmark::RegisterBenchmark(("share_round/" + std::string{policy_name(policy)}).c_str(),
                                 [policy](benchmark::State& state) { share_round(state, policy); })
        ->ArgName("programs")
        ->Arg(5'000)
        ->Arg(50'000)
        ->Unit(benchmark::kMillisecond);
  }
  return true;
}();

}  // namespace
}  // namespace dti::micro
