// simulation: runs of the whole in virtual time, one for each seed. See --help and docs/testing.md.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "simulation/simulation.hpp"

namespace {

using dti::simulation::Cells;
using dti::simulation::RunResult;
using dti::simulation::Simulation;

constexpr double kPatience = 5;  // times --seconds, until every cell was reached: a machine may be busy

constexpr const char* kHelp =
    R"(simulation: servers, faculties and programs in virtual time, with faults; one run a seed.

  --seed=N         run this seed alone
  --first=N        the first seed (default 1)
  --seeds=N        the number of seeds (default 1; no limit with --seconds)
  --step=N         run every N-th seed, for parallel processes (default 1)
  --seconds=S      end after this real time
  --trace          print every event; the same seed gives the same trace
  --all-cells      fail if a named cell was not reached; with --seconds, run up to five times as long to reach it
  --cells=PATH     write how often each cell was reached there, as lines `COUNT NAME`
  --help

The last line is a summary. Exit code: 0, 1 if a check was violated, 2 for incorrect usage, 3 if cells are missing.
)";

struct Options {
  std::uint64_t first = 1;
  std::uint64_t step = 1;
  std::optional<std::uint64_t> seeds;
  std::optional<double> seconds;
  bool prints_trace = false;
  bool needs_all_cells = false;
  std::string cells_path;
};

[[noreturn]] void refuse(const std::string& what) {
  std::fprintf(stderr, "simulation: %s (see --help)\n", what.c_str());
  std::exit(2);
}

double number(const std::string& key, const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || value < 0) refuse("--" + key + " wants a number");
  return value;
}

std::uint64_t whole_number(const std::string& key, const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos || text.size() > 19) {
    refuse("--" + key + " wants a whole number");
  }
  return std::strtoull(text.c_str(), nullptr, 10);
}

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto equals = argument.find('=');
    if (argument == "--help") {
      std::fputs(kHelp, stdout);
      std::exit(0);
    }
    if (argument.rfind("--", 0) != 0) refuse("no such argument: " + argument);
    const auto key = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
    const auto value = equals == std::string::npos ? std::string{} : argument.substr(equals + 1);
    if (key == "seed") {
      options.first = whole_number(key, value);
      options.seeds = 1;
    } else if (key == "first") {
      options.first = whole_number(key, value);
    } else if (key == "seeds") {
      options.seeds = whole_number(key, value);
    } else if (key == "step") {
      options.step = whole_number(key, value);
    } else if (key == "seconds") {
      options.seconds = number(key, value);
    } else if (key == "cells" && !value.empty()) {
      options.cells_path = value;
    } else if (argument == "--trace") {
      options.prints_trace = true;
    } else if (argument == "--all-cells") {
      options.needs_all_cells = true;
    } else {
      refuse("no such argument: " + argument);
    }
  }
  if (!options.seeds && !options.seconds) options.seeds = 1;
  return options;
}

char abort_text[128];  // said if a DTI_CHECK of the product ends the process

void say_seed_of_abort(int /*signal*/) {
  const auto length = std::string_view{abort_text}.size();
  if (::write(STDOUT_FILENO, abort_text, length) < 0) ::_exit(1);
  ::_exit(1);
}

void write_cells(const Cells& cells, const std::string& path) {
  std::ofstream out{path};
  for (const auto& [name, count] : cells.counts()) out << count << " " << name << "\n";
  if (!out.flush()) refuse("cannot write " + path);
}

void print_violation(std::uint64_t seed, const RunResult& result) {
  std::printf("VIOLATION seed %llu at %.6f s: %s: %s\n  again: simulation --seed=%llu --trace\n",
              static_cast<unsigned long long>(seed), static_cast<double>(result.violation->at.count()) / 1e6,
              result.violation->check.c_str(), result.violation->text.c_str(), static_cast<unsigned long long>(seed));
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = read_options(argc, argv);
  std::signal(SIGABRT, say_seed_of_abort);
  const auto started = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  };
  Cells cells;
  const auto is_in_time = [&] {
    if (!options.seconds || elapsed() < *options.seconds) return true;
    return options.needs_all_cells && elapsed() < kPatience * *options.seconds && !cells.unreached().empty();
  };
  std::uint64_t runs = 0;
  std::uint64_t decided = 0;
  std::uint64_t events = 0;
  std::uint64_t hash = 0;
  double virtual_seconds = 0;
  bool is_violated = false;
  auto seed = options.first;
  for (; (!options.seeds || runs < *options.seeds) && is_in_time() && !is_violated; seed += options.step) {
    std::snprintf(abort_text, sizeof abort_text, "VIOLATION seed %llu: checks-of-the-product: the process aborted\n",
                  static_cast<unsigned long long>(seed));
    const auto result = Simulation{seed, options.prints_trace}.run();
    ++runs;
    decided += result.decided;
    events += result.events;
    hash = result.trace_hash;
    virtual_seconds += static_cast<double>(result.virtual_time.count()) / 1e6;
    cells.add(result.cells);
    if (result.violation) {
      is_violated = true;
      print_violation(seed, result);
    }
  }
  if (!options.cells_path.empty()) write_cells(cells, options.cells_path);
  const auto missing = cells.unreached();
  if (options.needs_all_cells) {
    for (const auto& name : missing) std::printf("never reached: %s\n", name.c_str());
  }
  std::printf(
      "%llu seeds from %llu, %llu requests decided, %llu events, %.0f s of virtual time in %.1f s, %zu of %zu cells, "
      "last trace %016llx, %s\n",
      static_cast<unsigned long long>(runs), static_cast<unsigned long long>(options.first),
      static_cast<unsigned long long>(decided), static_cast<unsigned long long>(events), virtual_seconds, elapsed(),
      cells.counts().size() - missing.size(), cells.counts().size(), static_cast<unsigned long long>(hash),
      is_violated ? "VIOLATED" : "no violation");
  if (is_violated) return 1;
  return options.needs_all_cells && !missing.empty() ? 3 : 0;
}
