// The rule: what one program is given, and what is left.
#include "dti/domain/allocate.hpp"

#include <benchmark/benchmark.h>

namespace dti::micro {
namespace {

/// @param state  range 0: classrooms left, range 1: labs left
void allocate_and_charge(benchmark::State& state) {
  Pool pool{state.range(0), state.range(1), state.range(0)};
  Want want{7, 2};
  for (auto _ : state) {
    benchmark::DoNotOptimize(pool);
    benchmark::DoNotOptimize(want);
    const Grant grant = allocate(pool, want);
    benchmark::DoNotOptimize(grant_status(want, grant));
    benchmark::DoNotOptimize(charge(pool, grant));
  }
}

BENCHMARK(allocate_and_charge)->ArgNames({"classrooms", "labs"})->Args({380, 60})->Args({380, 1})->Args({0, 0});

}  // namespace
}  // namespace dti::micro
