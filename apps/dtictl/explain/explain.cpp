#include "dtictl/explain/explain.hpp"

#include <exception>
#include <iostream>
#include <variant>
#include <vector>

#include "dti/cli/escape.hpp"
#include "dti/service/ledger/quantity_text.hpp"
#include "dti/service/office/wait_text.hpp"
#include "dti/service/planning/explain.hpp"
#include "dtictl/explain/explain_options.hpp"
#include "dtictl/explain/explain_report.hpp"
#include "dtictl/office/office_run.hpp"
#include "dtictl/office/office_store.hpp"

namespace dti {
namespace {

ProgramId find_program(const OfficeOptions& options, const StoreNames& names) {
  const auto found = names.find_program(find_faculty(options, names), options.settings.operand());
  if (const auto* fault = std::get_if<NameFault>(&found)) {
    throw Unanswerable{{2, "dtictl explain: " + printable(fault->reason) + '\n', false}};
  }
  return std::get<ProgramId>(found);
}

std::string no_grant(const ProgramName& names, const StoredSemester& semester) {
  return quoted_text(names.program) + " of " + quoted_text(names.faculty) + " has no grant in semester " +
         quoted_text(semester.name) + " up to entry " + std::to_string(semester.head) +
         "; left: " + text_of(semester.left);
}

int explain(const ReadCommand& command, const OfficeOptions& options) {
  const OfficeStore store{command, options};
  const auto names = store.read_names();
  const auto semester = find_semester(options, names);
  const auto program = find_program(options, names);
  Explainer explainer{program, [&](ProgramId other) { return names.faculty_of(other); }};
  store.read(semester, 0, [&](const std::vector<StoredEntry>& entries, const Notes& /*notes*/) {
    for (const auto& entry : entries) explainer.add(entry);
  });
  check_state(semester, explainer.view());
  const auto names_of = [&](ProgramId other) { return names.find_name(other).value_or(ProgramName{}); };
  if (!explainer.found()) {
    say(command, no_grant(names_of(program), semester));
    return 1;
  }
  const auto waiting = waiting_now(explainer.view(), program);
  const ExplainReport report{
      .grant = *explainer.found(),
      .names = names_of(program),
      .semester = semester.name,
      .earlier_grants = explainer.earlier_grants(),
      .capacity_changes = explainer.capacity_changes(),
      .closed_at = explainer.closed_at(),
      .head = semester.head,
      .left_now = explainer.view().left(),
      .waiting = waiting,
      .passed_over = waiting ? passed_over_text(explainer.view(), *explainer.view().find(program)) : std::nullopt,
      .names_of = names_of};
  const bool is_json = options.settings.text("format") == "json";
  std::cout << (is_json ? explanation_json(report) : explanation_text(report));
  return report.grant.by_rule == report.grant.grant ? 0 : 1;
}

}  // namespace

int run_explain(std::span<const std::string> args) {
  const ReadCommand command{.name = "dtictl explain", .purpose = {}, .columns = {}, .examples = {}};
  const auto options = parse_explain_options(args, process_surroundings());
  return run_office(command, options, [&](const OfficeOptions& parsed) { return explain(command, parsed); });
}

}  // namespace dti
