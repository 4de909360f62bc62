#include "dtictl/what_if/what_if_options.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "dti/cli/escape.hpp"
#include "dti/domain/name_fault.hpp"
#include "dtictl/server_settings.hpp"
#include "dtictl/store_settings.hpp"
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
  return with_list_settings(
      with_store_settings(
          {{.name = "semester",
            .group = "Requests",
            .kind = NameKind{kSemesterBytesMax},
            .help = "The semester, open or closed. Needed if several semesters are open.",
            .default_shown = "the open semester"},
           {.name = "policy",
            .group = "Requests",
            .kind = ChoiceKind{policy_names()},
            .help = "Decides all requests together, as a round by this policy, and compares the result with first "
                    "come: see docs/policies.md. Without this flag, the requests are decided one after the other, in "
                    "the order of the file, as a server decides them.",
            .default_shown = "none"},
           {.name = "capacity",
            .group = "Requests",
            .kind = TextKind{},
            .help = "The rooms that the semester would have: CLASSROOMS,LABS or CLASSROOMS,LABS,CONVERSIONS, where "
                    "CONVERSIONS is how many classrooms may become mobile labs (all, if it is not given). The grants "
                    "stay as they are.",
            .default_shown = "the capacity of the semester"},
           {.name = "lot",
            .group = "Requests",
            .kind = IntegerKind{0, std::numeric_limits<std::int64_t>::max()},
            .help = "A number from which the lot of each program is drawn, for --policy. Try several to see what only "
                    "luck decides. Without this flag, the lots have the order of the file. A real round draws its lots "
                    "from a secret whose hash was published before; no command holds rounds yet.",
            .default_shown = "none"}}),
      heads_of(what_if_columns(true)));
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

AppDescription describe_what_if() {
  auto others = settings_of_server_alone();
  std::erase_if(others, [](const Setting& setting) { return setting.name == "semester"; });
  return {
      .name = "dtictl what-if",
      .purpose =
          "dtictl what-if tells what the requests of FILE would get in a semester of the store, and changes nothing. "
          "FILE is CSV with the columns faculty, program, classrooms and labs, and for policies weight, class and "
          "floor; - is stdin. If it has errors, stderr has all of them. A program that holds a grant keeps it. The "
          "list goes to stdout; the semester, its last entry and the totals go to stderr. The command reads the store "
          "at one moment and can run while a server runs.",
      .settings = settings_of_what_if(),
      .examples = {{"decide requests as the server would", "dtictl what-if --semester=2025-10 requests.csv"},
                   {"compare a round by max-min with first come", "dtictl what-if --policy=max-min requests.csv"},
                   {"the same with 40 more classrooms, for a spreadsheet",
                    "dtictl what-if --policy=max-min --capacity=420,60 --format=csv requests.csv > result.csv"}},
      .exit_codes = {{0, "the list was printed"},
                     {1,
                      "FILE has errors, the store cannot be read or has no such semester, or its grants need more "
                      "than --capacity; stderr gives the reasons"},
                     {2, "incorrect usage: flags, environment or config file, or FILE cannot be read"}},
      .others_in_file = std::move(others),
      .operand = "FILE",
  };
}

std::variant<WhatIfOptions, UsageExit> parse_what_if_options(std::span<const std::string> args,
                                                             const Surroundings& surroundings) {
  const auto app = describe_what_if();
  auto resolved = resolve(app, args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  auto& settings = std::get<Settings>(resolved);
  auto store = find_store_on_disk(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&store)) return std::move(*usage);

  WhatIfOptions options;
  options.store = std::get<StoreAddress>(std::move(store));
  options.store_timeout = settings.duration("store-timeout");
  if (settings.has("semester")) options.semester = settings.text("semester");
  if (settings.has("policy")) options.policy = parse_policy(settings.text("policy"));
  if (settings.has("lot")) options.lot = static_cast<std::uint64_t>(settings.integer("lot"));
  if (settings.has("capacity")) {
    options.capacity = parse_capacity(settings.text("capacity"));
    if (!options.capacity) {
      return settings.bad("capacity", "must be two or three whole numbers from 0 to " + std::to_string(kCapacityMax) +
                                          ", such as 380,60 or 380,60,20, and no more conversions than classrooms");
    }
  }
  options.list = read_list_choice(settings, heads_of(what_if_columns(options.policy.has_value())));
  options.file = settings.operand();
  try {
    options.bytes = surroundings.read_file(options.file == "-" ? "/dev/stdin" : options.file);
  } catch (const std::runtime_error& error) {
    return UsageExit{2, app.name + ": cannot read " + quoted_text(options.file) + ": " + error.what() + '\n', false};
  }
  return options;
}

}  // namespace dti
