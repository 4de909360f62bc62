#include "dtictl/what_if/what_if.hpp"

#include <iostream>
#include <stdexcept>
#include <variant>

#include "dti/cli/lists/list_printer.hpp"
#include "dti/domain/request_file.hpp"
#include "dti/service/ledger/quantity_text.hpp"
#include "dti/service/planning/what_if.hpp"
#include "dtictl/office/office_run.hpp"
#include "dtictl/office/office_store.hpp"
#include "dtictl/what_if/what_if_columns.hpp"
#include "dtictl/what_if/what_if_options.hpp"
#include "dtictl/what_if/what_if_words.hpp"

namespace dti {
namespace {

Pool pool_of(const WhatIfOptions& options, const SemesterView& view) {
  if (!options.capacity) return view.left();
  if (const auto left = left_of_capacity(view, *options.capacity)) return *left;
  throw std::runtime_error{"the grants of the semester need more than that capacity: of " + text_of(view.capacity()) +
                           ", " + text_of(view.left()) + " are left"};
}

void draw_lots(std::uint64_t draw, RequestFile& file) {
  for (auto& ask : file.asks) ask.lot = lot_of(draw, ask.program);
}

void print(const WhatIfOptions& options, const StoreNames& names, const StoredSemester& semester,
           const RequestFile& file, const Plan& plan) {
  ListPrinter<WhatIfRow> printer{std::cout, options.list, what_if_columns(options.policy.has_value())};
  for (std::size_t i = 0; i < file.asks.size(); ++i) {
    const auto& ask = file.asks[i];
    const auto [faculty, program] = names.find_name(ask.program).value();
    printer.add({faculty, program, ask.want, plan.requests[i], file.lines[i], semester.name, semester.head});
  }
  printer.finish();
}

int decide(const ReadCommand& command, const OfficeOptions& office) {
  const auto options = read_what_if_options(office, process_surroundings());
  const OfficeStore store{command, office};
  const auto names = store.read_names();
  const auto semester = find_semester(office, names);
  auto parsed = parse_requests(options.bytes, names.catalog());
  if (const auto* faults = std::get_if<RequestFaults>(&parsed)) {
    std::cerr << fault_lines(options.file, *faults) << std::flush;
    return 1;
  }
  auto& file = std::get<RequestFile>(parsed);
  if (options.lot) draw_lots(*options.lot, file);

  const auto view = store.read_view(semester);
  check_state(semester, view);
  const auto left = pool_of(options, view);
  const auto plan = what_if(view, left, file.asks, options.policy.value_or(Policy::kFirstCome));
  std::cerr << summary(options, file, semester, left, plan) << std::flush;
  print(options, names, semester, file, plan);
  return 0;
}

}  // namespace

int run_what_if(std::span<const std::string> args) {
  const auto command = what_if_command();
  return run_office(command, args, [&](const OfficeOptions& options) { return decide(command, options); });
}

}  // namespace dti
