#include "dtictl/what_if/what_if_options.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "dti/cli/escape.hpp"
#include "dtictl/office/office_run.hpp"
#include "dtictl/what_if/what_if_columns.hpp"

namespace dti {
namespace {

std::vector<std::string> policy_names() {
  std::vector<std::string> names;
  for (const auto policy : {Policy::kFirstCome, Policy::kPriority, Policy::kProportional, Policy::kMaxMin,
                            Policy::kWeighted, Policy::kFloors, Policy::kDrf}) {
    names.emplace_back(policy_name(policy));
  }
  return names;
}

std::vector<Setting> settings_of_what_if() {
  return {
      semester_setting(),
      policy_setting("Decides all requests together, as a round by this policy, and compares the result with first "
                     "come: see docs/policies.md. Without this flag, the requests are decided one after the other, in "
                     "the order of the file, as a server decides them."),
      capacity_setting(),
      {.name = "lot",
       .group = "Requests",
       .kind = IntegerKind{0, std::numeric_limits<std::int64_t>::max()},
       .help = "A number from which the lot of each program is drawn, for --policy. Try several to see what only "
               "luck decides. Without this flag, the lots have the order of the file.",
       .default_shown = "none"}};
}

/// Reads `C,L` or `C,L,M`. @return none: it is neither, or out of range
std::optional<Capacity> parse_capacity(std::string_view text) {
  std::vector<Quantity> numbers;
  while (true) {
    const auto part = text.substr(0, text.find(','));
    Quantity number = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (error != std::errc{} || end != part.data() + part.size()) return std::nullopt;
    numbers.push_back(number);
    if (part.size() == text.size()) break;
    text.remove_prefix(part.size() + 1);
  }
  if (numbers.size() != 2 && numbers.size() != 3) return std::nullopt;
  const Capacity capacity{numbers[0], numbers[1], numbers.size() == 3 ? numbers[2] : numbers[0]};
  return is_in_range(capacity) ? std::optional{capacity} : std::nullopt;
}

}  // namespace

Setting policy_setting(std::string help) {
  return {.name = "policy",
          .group = "Requests",
          .kind = ChoiceKind{policy_names()},
          .help = std::move(help),
          .default_shown = "none"};
}

Setting capacity_setting() {
  return {.name = "capacity",
          .group = "Requests",
          .kind = TextKind{},
          .help =
              "The rooms that the semester would have: CLASSROOMS,LABS or CLASSROOMS,LABS,CONVERSIONS, where "
              "CONVERSIONS is how many classrooms may become mobile labs (all, if it is not given). The grants "
              "stay as they are.",
          .default_shown = "the capacity of the semester"};
}

ReadCommand what_if_command() {
  return {
      .name = "dtictl what-if",
      .purpose =
          "dtictl what-if tells what the requests of FILE would get in a semester of the store. FILE is CSV with the "
          "columns faculty, program, classrooms and labs, and for policies weight, class and floor; - is stdin. If it "
          "has errors, stderr has all of them. A program that holds a grant keeps it. The list goes to stdout; the "
          "semester, its last entry and the totals go to stderr.",
      .settings = settings_of_what_if(),
      .columns = heads_of(what_if_columns(true)),
      .examples = {{"decide requests as the server would", "dtictl what-if --semester=2025-10 requests.csv"},
                   {"compare a round by max-min with first come", "dtictl what-if --policy=max-min requests.csv"},
                   {"the same with 40 more classrooms, for a spreadsheet",
                    "dtictl what-if --policy=max-min --capacity=420,60 --format=csv requests.csv > result.csv"}},
      .operand = "FILE",
      .other_failure = "FILE has errors, the grants need more than --capacity",
  };
}

WhatIfOptions read_what_if_options(const ReadCommand& command, const OfficeOptions& options,
                                   const Surroundings& surroundings) {
  const auto& settings = options.settings;
  WhatIfOptions read;
  if (settings.has("policy")) read.policy = parse_policy(settings.text("policy"));
  if (settings.has("lot")) read.lot = static_cast<std::uint64_t>(settings.integer("lot"));
  if (settings.has("capacity")) {
    read.capacity = parse_capacity(settings.text("capacity"));
    if (!read.capacity) {
      throw Unanswerable{
          settings.bad("capacity", "must be two or three whole numbers from 0 to " + std::to_string(kCapacityMax) +
                                       ", such as 380,60 or 380,60,20, and no more conversions than classrooms")};
    }
  }
  read.list = read_list_choice(settings, heads_of(what_if_columns(read.policy.has_value())));
  read.file = settings.operand();
  try {
    read.bytes = surroundings.read_file(read.file == "-" ? "/dev/stdin" : read.file);
  } catch (const std::runtime_error& error) {
    throw Unanswerable{
        {2, command.name + ": cannot read " + quoted_text(read.file) + ": " + error.what() + '\n', false}};
  }
  return read;
}

}  // namespace dti
