#include "dtictl/round/round_plan.hpp"

#include <utility>

#include "dtictl/office/office_run.hpp"
#include "dtictl/what_if/what_if.hpp"
#include "dtictl/what_if/what_if_columns.hpp"

namespace dti {

ReadCommand round_plan_command() {
  auto policy = policy_setting("How the rooms are shared: see docs/policies.md.");
  policy.default_value = std::string{policy_name(kDefaultPolicy)};
  return {
      .name = "dtictl round plan",
      .purpose =
          "dtictl round plan tells what a round would give to the programs of FILE, beside what they would get first "
          "come. FILE is CSV with the columns faculty, program, classrooms and labs, and for some policies class, "
          "weight and floor; - is stdin. If it has errors, stderr has all of them. A program that holds a grant takes "
          "no part. The list goes to stdout; the semester, its last entry and the totals go to stderr.",
      .settings = {semester_setting(), std::move(policy), capacity_setting()},
      .columns = heads_of(what_if_columns(true)),
      .examples = {{"compare max-min with first come", "dtictl round plan --semester=2025-10 requests.csv"},
                   {"by weight, for a spreadsheet",
                    "dtictl round plan --policy=weighted --format=csv requests.csv > plan.csv"}},
      .operand = "FILE",
      .other_failure = "FILE has errors, the grants need more than --capacity",
  };
}

WhatIfOptions read_round_plan_options(const OfficeOptions& options, const Surroundings& surroundings) {
  auto read = read_what_if_options(round_plan_command(), options, surroundings);
  read.has_provisional_lots = true;
  return read;
}

int run_round_plan(std::span<const std::string> args) {
  const auto command = round_plan_command();
  return run_office(command, args, [&](const OfficeOptions& office) {
    return print_plan(command, office, read_round_plan_options(office, process_surroundings()));
  });
}

}  // namespace dti
