#include "dtictl/round/round_report.hpp"

#include <cstddef>
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

#include "dti/cli/escape.hpp"
#include "dti/cli/lists/list_printer.hpp"
#include "dti/service/ledger/quantity_text.hpp"
#include "dti/service/ledger/round_replay.hpp"
#include "dti/service/planning/what_if.hpp"
#include "dtictl/counted.hpp"
#include "dtictl/office/office_run.hpp"
#include "dtictl/office/office_store.hpp"
#include "dtictl/what_if/what_if_columns.hpp"

namespace dti {
namespace {

/// A round of the ledger.
struct HeldRound {
  RoundTerms terms;
  Seq seq = 0;
  SemesterView before;  // the semester when it was held
  std::vector<Ask> asks;
};

/// The last round of a semester; none: there is none.
std::optional<HeldRound> read_round(const OfficeStore& store, const StoreNames& names, const StoredSemester& semester) {
  std::optional<HeldRound> last;
  SemesterView view{[&names](ProgramId program) { return names.faculty_of(program); }};
  store.read(semester, 0, [&](const std::vector<StoredEntry>& entries, const Notes& /*notes*/) {
    for (const auto& entry : entries) {
      const auto& row = entry.row;
      if (row.kind == stored_code(EntryKind::kRound)) {
        if (const auto terms = parse_round_terms(row.terms.value_or(""))) last = HeldRound{*terms, row.seq, view, {}};
      } else if (last && row.cause == static_cast<std::int64_t>(Cause::kRound)) {
        if (auto ask = ask_of(row)) last->asks.push_back(*std::move(ask));
      }
      view.add(entry);
    }
  });
  check_state(semester, view);
  return last;
}

std::string summary(const HeldRound& round, const StoredSemester& semester, const Plan& plan) {
  const auto& totals = plan.totals;
  return "semester " + quoted_text(semester.name) + ", the round of entry " + std::to_string(round.seq) +
         ", opened by entry " + std::to_string(round.terms.opened_at) + ": left before it " +
         text_of(round.before.left()) + '\n' + counted(round.asks.size(), "program", "programs") + " by " +
         std::string{policy_name(round.terms.policy)} + ": " + counted(totals.whole, "got", "got") + " all, " +
         counted(totals.part, "got", "got") + " a part, " + counted(totals.none, "got", "got") +
         " nothing; left after it " + text_of(plan.left) + '\n' +
         "compared with first come: " + counted(totals.gaining, "program gains ", "programs gain ") +
         counted(totals.gained, "room", "rooms") + ", " + counted(totals.losing, "program loses ", "programs lose ") +
         counted(totals.lost, "room", "rooms") + '\n';
}

int report(const ReadCommand& command, const OfficeOptions& office) {
  const OfficeStore store{command, office};
  const auto names = store.read_names();
  const auto semester = find_semester(office, names);
  auto round = read_round(store, names, semester);
  if (!round) {
    say(command, "the semester " + quoted_text(semester.name) + " has no round");
    return 1;
  }
  const RoundLots lots{round->terms.secret, round->terms.seal};
  Seq arrival = 0;
  for (auto& ask : round->asks) {
    ask.lot = lots.of(ask.program);
    ask.arrival = ++arrival;
  }
  const auto plan = what_if(round->before, round->before.left(), round->asks, round->terms.policy);
  std::cerr << summary(*round, semester, plan) << std::flush;
  ListPrinter<WhatIfRow> printer{std::cout, office.list, what_if_columns(true)};
  for (std::size_t i = 0; i < round->asks.size(); ++i) {
    const auto [faculty, program] = names.find_name(round->asks[i].program).value_or(ProgramName{});
    printer.add({faculty, program, round->asks[i].want, plan.requests[i], i + 1, semester.name, round->seq});
  }
  printer.finish();
  return 0;
}

}  // namespace

int run_round_report(std::span<const std::string> args) {
  const ReadCommand command{
      .name = "dtictl round report",
      .purpose =
          "dtictl round report tells what the last round of a semester gave to each program, beside what it would have "
          "got first come, and why it got no more. It computes the round again, from the ledger alone.",
      .settings = {semester_setting()},
      .columns = heads_of(what_if_columns(true)),
      .examples = {{"who gained, and who lost?", "dtictl round report --semester=2025-10"},
                   {"the same for a spreadsheet", "dtictl round report --semester=2025-10 --format=csv > round.csv"}},
      .other_failure = "the semester has no round"};
  return run_office(command, args, [&](const OfficeOptions& options) { return report(command, options); });
}

}  // namespace dti
