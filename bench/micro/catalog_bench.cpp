// Finding a faculty or a program by its name, in the catalogue of a new store.
#include "dti/domain/catalog.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <variant>
#include <vector>

namespace dti::micro {
namespace {

const std::vector<CatalogRow>& rows() {
  static const auto kRows = std::get<std::vector<CatalogRow>>(parse_catalog(default_catalog()));
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

BENCHMARK_CAPTURE(find_faculty, first, rows().front().faculty);
BENCHMARK_CAPTURE(find_faculty, unknown, std::string{"no such faculty"});
BENCHMARK(find_program);

}  // namespace
}  // namespace dti::micro
