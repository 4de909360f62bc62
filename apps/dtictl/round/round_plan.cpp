#include "dtictl/round/round_plan.hpp"

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

#include "dti/cli/escape.hpp"
#include "dti/cli/files.hpp"
#include "dti/domain/round_plan.hpp"
#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/round_plan_codec.hpp"
#include "dtictl/change/round_options.hpp"
#include "dtictl/office/office_run.hpp"
#include "dtictl/office/office_store.hpp"
#include "dtictl/what_if/what_if.hpp"
#include "dtictl/what_if/what_if_columns.hpp"

namespace dti {
namespace {

constexpr std::size_t kPlanBytesMax = kFrameBytesMax - 4'096;  // the message has a note and other fields, too

[[noreturn]] void refuse_output(const std::string& path, const std::string& reason) {
  throw Unanswerable{{2, "dtictl round plan: --output: " + quoted_text(path) + ' ' + reason + '\n', false}};
}

/// Removes an earlier plan, so that none is left if this one fails. @throws Unanswerable  another file is there, or a round
/// was opened with the earlier plan
void make_way(const std::string& path) {
  if (std::filesystem::exists(secret_file_of(path))) {
    refuse_output(path, "has a secret, " + quoted_text(secret_file_of(path)) +
                            ": a round was opened with it. Choose another name, or remove both files");
  }
  const auto file = regular_file_at(path);
  if (!file || !std::filesystem::exists(*file)) return;
  const auto text = process_surroundings().read_file(file->string());
  if (!text.empty() && !std::holds_alternative<RoundPlan>(decode_round_plan(text))) {
    refuse_output(path, "is there, and is no plan of a round");
  }
  std::filesystem::remove(*file);
}

std::string read_store_id(const OfficeStore& store) {
  const auto id = store.open()->read_chain_heads().value_or(ChainHeads{}).store;
  if (id != StoreId{}) return hex_text(id);
  throw std::runtime_error{"no server has led this store yet, so there is nothing that a plan could be for: start one"};
}

void write_plan(const std::string& path, const RoundPlan& plan) {
  if (plan.asks.empty()) throw std::runtime_error{"the file has no requests, so there is nothing to plan"};
  if (plan.asks.size() > kRoundAsksMax) {
    throw std::runtime_error{"a round has at most " + std::to_string(kRoundAsksMax) + " programs: split the file"};
  }
  auto kept = plan;
  for (auto& ask : kept.asks) ask.lot = 0;
  const auto text = encode_round_plan(kept);
  if (text.size() > kPlanBytesMax) {
    throw std::runtime_error{"the plan would have " + std::to_string(text.size()) +
                             " bytes, and a message has at most " + std::to_string(kPlanBytesMax) +
                             ": leave out columns that the policy does not need"};
  }
  write_atomically(path, text);
}

}  // namespace

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
      .settings = {semester_setting(),
                   std::move(policy),
                   capacity_setting(),
                   {.name = "output",
                    .group = "Requests",
                    .kind = TextKind{},
                    .help = "Writes the plan to this file, for dtictl round open. It replaces an earlier plan."}},
      .columns = heads_of(what_if_columns(true)),
      .examples = {{"compare max-min with first come", "dtictl round plan --semester=2025-10 requests.csv"},
                   {"plan a round", "dtictl round plan --semester=2025-10 --output=plan.json requests.csv"},
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
    const auto options = read_round_plan_options(office, process_surroundings());
    const auto output = office.text("output");
    if (!output) return print_plan(command, office, options);
    make_way(*output);
    const int code =
        print_plan(command, office, options,
                   [&](const OfficeStore& store, const StoredSemester& semester, const std::vector<Ask>& asks) {
                     const std::string policy{policy_name(*options.policy)};
                     write_plan(*output, {read_store_id(store), semester.name, policy, asks});
                   });
    if (code == 0) say(command, "next: dtictl round open " + *output);
    return code;
  });
}

}  // namespace dti
