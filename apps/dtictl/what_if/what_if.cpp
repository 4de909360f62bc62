#include "dtictl/what_if/what_if.hpp"

#include <exception>
#include <iostream>
#include <optional>
#include <variant>

#include "dti/cli/escape.hpp"
#include "dti/cli/lists/list_printer.hpp"
#include "dti/domain/request_file.hpp"
#include "dti/repository/open/open_snapshot.hpp"
#include "dti/service/ledger/quantity_text.hpp"
#include "dti/service/planning/semester_state.hpp"
#include "dti/service/planning/what_if.hpp"
#include "dtictl/semester_reading.hpp"
#include "dtictl/what_if/what_if_columns.hpp"
#include "dtictl/what_if/what_if_options.hpp"
#include "dtictl/what_if/what_if_words.hpp"

namespace dti {
namespace {

Pool pool_of(const WhatIfOptions& options, const SemesterState& state) {
  if (!options.capacity) return state.left();
  if (const auto left = left_of_capacity(state, *options.capacity)) return *left;
  throw NotFound{"the grants of the semester need more than that capacity: of " + text_of(state.capacity()) + ", " +
                 text_of(state.left()) + " are left"};
}

void draw_lots(std::uint64_t draw, RequestFile& file) {
  for (auto& ask : file.asks) ask.lot = lot_of(draw, ask.program);
}

void print(const WhatIfOptions& options, const SemesterReading& reading, const RequestFile& file, const Plan& plan) {
  ListPrinter<WhatIfRow> printer{std::cout, options.list, what_if_columns(options.policy.has_value())};
  for (std::size_t i = 0; i < file.asks.size(); ++i) {
    const auto& ask = file.asks[i];
    printer.add({reading.catalog.faculty_name(reading.faculty_of[ask.program - 1]),
                 reading.catalog.program_name(ask.program), ask.want, plan.requests[i], file.lines[i],
                 reading.semester.name, reading.semester.head});
  }
  printer.finish();
  std::cout << std::flush;
}

int decide(const WhatIfOptions& options) {
  const auto snapshot = open_snapshot(options.store, options.store_timeout);
  const auto reading = read_semester(*snapshot, options.semester);
  auto parsed = parse_requests(options.bytes, reading.catalog);
  if (const auto* faults = std::get_if<RequestFaults>(&parsed)) {
    std::cerr << fault_lines(options.file, *faults) << std::flush;
    return 1;
  }
  auto& file = std::get<RequestFile>(parsed);
  if (options.lot) draw_lots(*options.lot, file);

  SemesterState state{reading.catalog.size()};
  read_entries_of(*snapshot, reading.semester, [&](const LedgerRow& row) { return state.add(row); });
  check_semester(reading.semester, state.head(), state.left());
  const auto left = pool_of(options, state);
  const auto plan = what_if(state, left, file.asks, options.policy.value_or(Policy::kFirstCome));
  std::cerr << summary(options, file, reading.semester, left, plan) << std::flush;
  print(options, reading, file, plan);
  return 0;
}

}  // namespace

int run_what_if(std::span<const std::string> args) {
  const auto parsed = parse_what_if_options(args, process_surroundings());
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) return leave(*usage);
  try {
    const auto code = decide(std::get<WhatIfOptions>(parsed));
    if (std::cout) return code;
    std::cerr << "dtictl what-if: the list could not be written to stdout" << std::endl;
  } catch (const std::exception& error) {
    std::cerr << "dtictl what-if: " << printable(error.what()) << std::endl;
  }
  return 1;
}

}  // namespace dti
