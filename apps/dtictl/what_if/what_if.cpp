#include "dtictl/what_if/what_if.hpp"

#include <iostream>
#include <stdexcept>
#include <variant>

#include "dti/cli/lists/list_printer.hpp"
#include "dti/domain/request_file.hpp"
#include "dti/service/ledger/quantity_text.hpp"
#include "dti/service/ledger/round_lots.hpp"
#include "dti/service/planning/what_if.hpp"
#include "dtictl/office/office_run.hpp"
#include "dtictl/office/office_store.hpp"
#include "dtictl/what_if/what_if_columns.hpp"
#include "dtictl/what_if/what_if_words.hpp"

namespace dti {
namespace {

Pool pool_of(const WhatIfOptions& options, const SemesterView& view) {
  if (!options.capacity) return view.left();
  if (const auto left = left_of_capacity(view, *options.capacity)) return *left;
  throw std::runtime_error{"the grants of the semester need more than that capacity: of " + text_of(view.capacity()) +
                           ", " + text_of(view.left()) + " are left"};
}

/// The semester at its last entry.
struct Present {
  SemesterView view;
  SealedHead sealed;  // the last entry that has a seal
};

/// @param names  must live as long as the view
Present read_present(const OfficeStore& store, const StoreNames& names, const StoredSemester& semester) {
  Present present{SemesterView{[&names](ProgramId program) { return names.faculty_of(program); }}, {}};
  store.read(semester, 0, [&](const std::vector<StoredEntry>& entries, const Notes& /*notes*/) {
    for (const auto& entry : entries) {
      present.view.add(entry);
      if (entry.seal) present.sealed = {entry.row.seq, *entry.seal};
    }
  });
  check_state(semester, present.view);
  return present;
}

void draw_lots(const WhatIfOptions& options, const SealedHead& sealed, std::vector<Ask>& asks) {
  if (options.lot) {
    for (auto& ask : asks) ask.lot = lot_of(*options.lot, ask.program);
  } else if (options.has_provisional_lots) {
    const RoundLots lots{RoundSecret{}, sealed.seal};
    for (auto& ask : asks) ask.lot = lots.of(ask.program);
  }
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

}  // namespace

int print_plan(const ReadCommand& command, const OfficeOptions& office, const WhatIfOptions& options,
               const PlanSink& sink) {
  const OfficeStore store{command, office};
  const auto names = store.read_names();
  const auto semester = find_semester(office, names);
  auto parsed = parse_requests(options.bytes, names.catalog());
  if (const auto* faults = std::get_if<RequestFaults>(&parsed)) {
    std::cerr << fault_lines(options.file, *faults) << std::flush;
    return 1;
  }
  auto& file = std::get<RequestFile>(parsed);
  const auto [view, sealed] = read_present(store, names, semester);
  draw_lots(options, sealed, file.asks);
  const auto left = pool_of(options, view);
  const auto plan = what_if(view, left, file.asks, options.policy.value_or(Policy::kFirstCome));
  if (sink) sink(store, semester, file.asks);
  std::cerr << summary(options, file, semester, left, plan);
  if (options.has_provisional_lots) std::cerr << lots_line(sealed.seq);
  std::cerr << std::flush;
  print(options, names, semester, file, plan);
  return 0;
}

int run_what_if(std::span<const std::string> args) {
  const auto command = what_if_command();
  return run_office(command, args, [&](const OfficeOptions& office) {
    return print_plan(command, office, read_what_if_options(command, office, process_surroundings()));
  });
}

}  // namespace dti
