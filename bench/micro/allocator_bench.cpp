// The decision on one request of five programs: the first time, and when it is asked again; with the programs' names
// spelled as in the catalogue, and otherwise.
#include "dti/service/allocation/allocator.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace dti::micro {
namespace {

constexpr SemesterId kSemester = 1;
constexpr std::size_t kFaculties = 100;
constexpr std::size_t kProgramsEach = 100;
constexpr std::size_t kProgramsAsked = 5;
const Capacity kCapacity{1'000'000, 100'000, 1'000'000};  // never used up

enum class Spelling { kAsStored, kOtherwise };

std::string stored(const std::string& word, std::size_t number) { return word + " " + std::to_string(number); }

// Otherwise: with the same key.
std::string spelled(const std::string& word, std::size_t number, Spelling spelling) {
  return spelling == Spelling::kAsStored ? stored(word, number) : word + "-" + std::to_string(number);
}

/// @param word  what the programs' names begin with
std::vector<CatalogProgram> catalog(const std::string& word) {
  std::vector<CatalogRow> rows;
  for (std::size_t f = 1; f <= kFaculties; ++f) {
    for (std::size_t p = 1; p <= kProgramsEach; ++p) {
      rows.push_back({stored("Faculty", f), stored(word, p)});
    }
  }
  return std::get<std::vector<CatalogProgram>>(Catalog{}.additions(rows));
}

/// One request for each five programs of the catalogue.
std::vector<AllocationRequest> requests(const std::string& word, Spelling spelling) {
  std::vector<AllocationRequest> all;
  for (std::size_t f = 1; f <= kFaculties; ++f) {
    for (std::size_t p = 1; p <= kProgramsEach; p += kProgramsAsked) {
      AllocationRequest request{"2025-10", spelled("Faculty", f, spelling), {}, {}};
      for (std::size_t i = p; i < p + kProgramsAsked; ++i) {
        request.programs.push_back({"id", spelled(word, i, spelling), {7, 2}});
      }
      all.push_back(std::move(request));
    }
  }
  return all;
}

void open_anew(Allocator& allocator) {
  allocator.forget(kSemester);
  const LedgerEntry opened{.seq = 1,
                           .kind = EntryKind::kSemesterOpened,
                           .program_id = 0,
                           .generation = 1,
                           .want = {},
                           .grant = {},
                           .capacity = kCapacity};
  const StoredSemester semester{.id = kSemester,
                                .name = "2025-10",
                                .epoch = 1,
                                .head = 1,
                                .capacity = kCapacity,
                                .left = full_pool(kCapacity),
                                .is_open = true};
  if (allocator.replay(kSemester, row_of(opened)) || allocator.serve({semester})) std::abort();
}

void decide_fresh(benchmark::State& state, const std::string& word, Spelling spelling) {
  Allocator allocator;
  if (!allocator.add_programs(catalog(word))) std::abort();
  const auto all = requests(word, spelling);
  std::vector<LedgerEntry> entries;
  std::size_t i = all.size();
  for (auto _ : state) {
    if (i == all.size()) {
      state.PauseTiming();
      open_anew(allocator);
      entries.clear();
      i = 0;
      state.ResumeTiming();
    }
    benchmark::DoNotOptimize(allocator.decide(all[i++], entries));
  }
}

void decide_repeat(benchmark::State& state, const std::string& word, Spelling spelling) {
  Allocator allocator;
  if (!allocator.add_programs(catalog(word))) std::abort();
  open_anew(allocator);
  const auto all = requests(word, spelling);
  std::vector<LedgerEntry> entries;
  for (const AllocationRequest& request : all) static_cast<void>(allocator.decide(request, entries));
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(allocator.decide(all[i], entries));
    if (++i == all.size()) i = 0;
  }
}

BENCHMARK_CAPTURE(decide_fresh, ascii, std::string{"Derecho civil"}, Spelling::kAsStored);
BENCHMARK_CAPTURE(decide_fresh, ascii_spelled_otherwise, std::string{"Derecho civil"}, Spelling::kOtherwise);
BENCHMARK_CAPTURE(decide_fresh, accents, std::string{"Diseño gráfico"}, Spelling::kAsStored);
BENCHMARK_CAPTURE(decide_fresh, accents_spelled_otherwise, std::string{"Diseño gráfico"}, Spelling::kOtherwise);
BENCHMARK_CAPTURE(decide_repeat, ascii, std::string{"Derecho civil"}, Spelling::kAsStored);
BENCHMARK_CAPTURE(decide_repeat, ascii_spelled_otherwise, std::string{"Derecho civil"}, Spelling::kOtherwise);
BENCHMARK_CAPTURE(decide_repeat, accents, std::string{"Diseño gráfico"}, Spelling::kAsStored);
BENCHMARK_CAPTURE(decide_repeat, accents_spelled_otherwise, std::string{"Diseño gráfico"}, Spelling::kOtherwise);

}  // namespace
}  // namespace dti::micro
