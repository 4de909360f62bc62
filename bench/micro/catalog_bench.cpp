// Finding a faculty, a program or the programs of a request by their names, in the catalogue of a new store.
#include "dti/domain/catalog.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>
#include <vector>

namespace dti::micro {
namespace {

const std::vector<CatalogRow>& rows() {
  static const auto kRows = std::get<CatalogFile>(parse_catalog(default_catalog())).rows;
  return kRows;
}

Catalog catalog() {
  Catalog catalog;
  if (!catalog.add(std::get<std::vector<CatalogProgram>>(catalog.additions(rows())))) std::abort();
  return catalog;
}

void find_faculty(benchmark::State& state, const std::string& name) {
  const Catalog known = catalog();
  for (auto _ : state) benchmark::DoNotOptimize(known.find_faculty(name));
}

void find_program(benchmark::State& state) {
  const Catalog known = catalog();
  std::vector<FacultyId> faculties;
  for (const CatalogRow& row : rows()) faculties.push_back(known.find_faculty(row.faculty));
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(known.find_program(faculties[i], rows()[i].program));
    if (++i == faculties.size()) i = 0;
  }
}

// All programs of one faculty at once.
void find_programs(benchmark::State& state, bool as_stored) {
  const Catalog known = catalog();
  const std::string& faculty_name = rows().front().faculty;
  const FacultyId faculty = known.find_faculty(faculty_name);
  std::vector<ProgramRequest> programs;
  for (const CatalogRow& row : rows()) {
    if (row.faculty == faculty_name) programs.push_back({"id", as_stored ? row.program : row.program + " ", {7, 2}});
  }
  for (const ProgramId id : known.find_programs(faculty, programs)) {
    if (id == 0) std::abort();
  }
  for (auto _ : state) benchmark::DoNotOptimize(known.find_programs(faculty, programs));
  state.SetItemsProcessed(static_cast<std::int64_t>(programs.size()) * state.iterations());
}

BENCHMARK_CAPTURE(find_faculty, first, rows().front().faculty);
BENCHMARK_CAPTURE(find_faculty, unknown, std::string{"no such faculty"});
BENCHMARK(find_program);
BENCHMARK_CAPTURE(find_programs, as_stored, true);
BENCHMARK_CAPTURE(find_programs, spelled_otherwise, false);

}  // namespace
}  // namespace dti::micro
