// A request's body: the way that nearly all take, and the strict one that judges the rest.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "dti/protocol/allocation_codec.hpp"
#include "requests.hpp"

namespace dti::micro {
namespace {

void set_counters(benchmark::State& state, const std::string& body) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
  state.counters["body_bytes"] = static_cast<double>(body.size());
}

void decode(benchmark::State& state, Spelling spelling) {
  const std::string body = encode_allocation_request(request(static_cast<std::size_t>(state.range(0)), spelling));
  AllocationRequestDecoder decoder;
  if (!decoder.decode_plain(body)) state.SkipWithError("the fast way was not taken");
  for (auto _ : state) benchmark::DoNotOptimize(decoder.decode(body));
  set_counters(state, body);
}

void decode_strict(benchmark::State& state, Spelling spelling) {
  const std::string body = encode_allocation_request(request(static_cast<std::size_t>(state.range(0)), spelling));
  for (auto _ : state) benchmark::DoNotOptimize(decode_allocation_request(body));
  set_counters(state, body);
}

/// A zero could be a "-0", which has to be looked for in the bytes.
void decode_with_zeros(benchmark::State& state) {
  AllocationRequest wants = request(static_cast<std::size_t>(state.range(0)), Spelling::kAscii);
  for (ProgramRequest& program : wants.programs) program.want.labs = 0;
  const std::string body = encode_allocation_request(wants);
  AllocationRequestDecoder decoder;
  if (!decoder.decode_plain(body)) state.SkipWithError("the fast way was not taken");
  for (auto _ : state) benchmark::DoNotOptimize(decoder.decode(body));
  set_counters(state, body);
}

/// A field that is not ours: the fast way was tried in vain.
void decode_unknown_field(benchmark::State& state) {
  std::string body = encode_allocation_request(request(static_cast<std::size_t>(state.range(0)), Spelling::kAscii));
  body.insert(1, R"("x":0,)");
  AllocationRequestDecoder decoder;
  if (decoder.decode_plain(body)) state.SkipWithError("the fast way was taken");
  for (auto _ : state) benchmark::DoNotOptimize(decoder.decode(body));
  set_counters(state, body);
}

BENCHMARK_CAPTURE(decode, ascii, Spelling::kAscii)->Arg(1)->Arg(5)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(decode, accents, Spelling::kAccents)->Arg(5)->Arg(1000);
BENCHMARK_CAPTURE(decode_strict, ascii, Spelling::kAscii)->Arg(1)->Arg(5)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(decode_strict, accents, Spelling::kAccents)->Arg(5)->Arg(1000);
BENCHMARK(decode_with_zeros)->Arg(5);
BENCHMARK(decode_unknown_field)->Arg(5);

}  // namespace
}  // namespace dti::micro
