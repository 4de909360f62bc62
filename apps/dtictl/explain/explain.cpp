#include "dtictl/explain/explain.hpp"

#include <chrono>
#include <exception>
#include <iostream>
#include <utility>
#include <variant>
#include <vector>

#include "dti/cli/escape.hpp"
#include "dti/repository/open/open_snapshot.hpp"
#include "dti/service/ledger/quantity_text.hpp"
#include "dti/service/planning/explain.hpp"
#include "dtictl/explain/explain_options.hpp"
#include "dtictl/explain/explain_report.hpp"
#include "dtictl/semester_reading.hpp"

namespace dti {
namespace {

NamesOfProgram names_in(const SemesterReading& reading, ProgramId program) {
  return {reading.catalog.faculty_name(reading.faculty_of[program - 1]), reading.catalog.program_name(program)};
}

NotFound no_grant(const SemesterReading& reading, ProgramId program) {
  const auto names = names_in(reading, program);
  const auto& semester = reading.semester;
  return NotFound{quoted_text(names.program) + " of " + quoted_text(names.faculty) + " has no grant in semester " +
                  quoted_text(semester.name) + " up to entry " + std::to_string(semester.head) +
                  "; left: " + text_of(semester.left)};
}

/// Adds what only the stored entry has.
void add_entry(LedgerSnapshot& snapshot, SemesterId semester, ExplainReport& report) {
  const auto seq = report.grant.seq;
  snapshot.read_entries(semester, seq, seq, [&](const std::vector<StoredEntry>& entries) {
    for (const auto& entry : entries) {
      report.at = WallTime{std::chrono::microseconds{entry.at}};
      report.request_id = entry.request_id;
    }
  });
}

ExplainReport make_report(const ExplainOptions& options) {
  const auto snapshot = open_snapshot(options.store, options.store_timeout);
  auto reading = read_semester(*snapshot, options.semester);
  const auto program = choose_program(reading, options.faculty, options.program);
  Explainer explainer{reading.catalog.size(), program};
  read_entries_of(*snapshot, reading.semester, [&](const LedgerRow& row) { return explainer.add(row); });
  const auto& state = explainer.state();
  check_semester(reading.semester, state.head(), state.left());
  if (!explainer.found()) throw no_grant(reading, program);

  ExplainReport report{.grant = *explainer.found(),
                       .names = names_in(reading, program),
                       .at = {},
                       .request_id = {},
                       .semester = reading.semester.name,
                       .earlier_grants = explainer.earlier_grants(),
                       .capacity_changes = explainer.capacity_changes(),
                       .closed_at = state.closed_at(),
                       .head = state.head(),
                       .left_now = state.left()};
  add_entry(*snapshot, reading.semester.id, report);
  report.names_of = [reading = std::move(reading)](ProgramId other) { return names_in(reading, other); };
  return report;
}

}  // namespace

int run_explain(std::span<const std::string> args) {
  const auto parsed = parse_explain_options(args, process_surroundings());
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) return leave(*usage);
  const auto& options = std::get<ExplainOptions>(parsed);
  try {
    const auto report = make_report(options);
    std::cout << (options.json ? explanation_json(report) : explanation_text(report)) << std::flush;
    if (std::cout) return report.grant.by_rule == report.grant.grant ? 0 : 1;
    std::cerr << "dtictl explain: the report could not be written to stdout" << std::endl;
  } catch (const std::exception& error) {
    std::cerr << "dtictl explain: " << printable(error.what()) << std::endl;
  }
  return 1;
}

}  // namespace dti
