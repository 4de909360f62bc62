// A reply's body: into a string of its own, and into one that is used again.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "dti/protocol/allocation_codec.hpp"
#include "requests.hpp"

namespace dti::micro {
namespace {

void encode_reply(benchmark::State& state, Spelling spelling) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const AllocationRequest asked = request(count, spelling);
  const Outcome granted = outcome(count);
  for (auto _ : state) benchmark::DoNotOptimize(encode_allocation_reply(asked, granted));
}

void append_reply(benchmark::State& state, Spelling spelling) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const AllocationRequest asked = request(count, spelling);
  const Outcome granted = outcome(count);
  std::string reply;
  for (auto _ : state) {
    reply.clear();
    append_allocation_reply(reply, asked, granted);
    benchmark::DoNotOptimize(reply.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(reply.size()));
  state.counters["reply_bytes"] = static_cast<double>(reply.size());
}

BENCHMARK_CAPTURE(encode_reply, ascii, Spelling::kAscii)->Arg(1)->Arg(5)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(append_reply, ascii, Spelling::kAscii)->Arg(1)->Arg(5)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(append_reply, accents, Spelling::kAccents)->Arg(5)->Arg(1000);

}  // namespace
}  // namespace dti::micro
