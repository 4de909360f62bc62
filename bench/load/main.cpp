// dti_load: asks a DTI server for rooms, as fast as it answers or at a given rate, and says how it went.

#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <utility>
#include <variant>

#include "core/request_maker.hpp"
#include "load/load_options.hpp"
#include "load/load_report.hpp"
#include "load/load_run.hpp"

namespace {

using dti::bench::LoadOptions;

void write_catalog(const LoadOptions& options) {
  std::ofstream file{options.write_catalog, std::ios::binary};
  dti::bench::write_made_catalog(file, options.faculties, options.programs);
  file.flush();
  if (!file) throw std::runtime_error{"the catalogue " + options.write_catalog + " cannot be written"};
}

void ask(const LoadOptions& options) {
  const auto catalog = dti::bench::catalog_of(options);
  dti::bench::RequestMaker maker{catalog,
                                 {.semesters = options.semesters,
                                  .programs_per_request = options.programs_per_request,
                                  .want = {options.classrooms, options.labs},
                                  .random = options.order == "random",
                                  .seed = options.seed}};
  const bool has_none = options.repeats == 100 ? options.first > maker.size() : options.first >= maker.size();
  if (has_none) {
    throw dti::bench::BadUse{"the catalogue has " + std::to_string(maker.size()) +
                             " requests in these semesters, and --first=" + std::to_string(options.first) +
                             " leaves none"};
  }
  const auto result = dti::bench::run_load(options, maker);
  std::cout << (options.format == "json" ? json_report(options, result) : text_report(options, result)) << std::flush;
  if (!std::cout) throw std::runtime_error{"the result could not be written to stdout"};
}

}  // namespace

int main(int argc, char** argv) {
  const auto read = dti::bench::read_load_options(argc, argv);
  if (const auto* code = std::get_if<int>(&read)) return *code;
  const auto& options = std::get<LoadOptions>(read);
  try {
    if (options.write_catalog.empty()) {
      ask(options);
    } else {
      write_catalog(options);
    }
  } catch (const dti::bench::BadUse& error) {
    std::cerr << "dti_load: " << error.what() << std::endl;
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "dti_load: " << error.what() << std::endl;
    std::_Exit(1);  // a thread of libzmq may still be about to look a host name up
  }
  return 0;
}
