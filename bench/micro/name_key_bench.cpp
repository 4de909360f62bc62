// The key of a name: once for each faculty and each program of a request.
#include <benchmark/benchmark.h>

#include <string>

#include "dti/domain/name.hpp"

namespace dti::micro {
namespace {

void key_of_name(benchmark::State& state, const std::string& name) {
  for (auto _ : state) benchmark::DoNotOptimize(name_key(name));
}

BENCHMARK_CAPTURE(key_of_name, short_ascii, std::string{"derecho"});
BENCHMARK_CAPTURE(key_of_name, ascii, std::string{"Derecho Constitucional"});
BENCHMARK_CAPTURE(key_of_name, accents, std::string{"Diseño de la Comunicación"});
BENCHMARK_CAPTURE(key_of_name, decomposed_accents, std::string{"Disen\u0303o de la Comunicacio\u0301n"});

}  // namespace
}  // namespace dti::micro
