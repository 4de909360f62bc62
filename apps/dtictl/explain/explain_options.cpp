#include "dtictl/explain/explain_options.hpp"

#include <utility>

#include "dti/domain/name_fault.hpp"
#include "dtictl/server_settings.hpp"
#include "dtictl/store_settings.hpp"

namespace dti {

AppDescription describe_explain() {
  auto others = settings_of_server_alone();
  std::erase_if(others, [](const Setting& setting) { return setting.name == "semester"; });
  return {
      .name = "dtictl explain",
      .purpose =
          "dtictl explain tells why PROGRAM got the rooms that it got in a semester: what was left before, each step "
          "of "
          "the allocation rule with its numbers, which grants have the rooms that were missing, and what would have to "
          "come back for the grant to be whole. It reads only the ledger, changes nothing, and can run while a server "
          "runs. If the program had several grants, it explains the last one.",
      .settings = with_store_settings({
          semester_setting(),
          {.name = "faculty",
           .group = "Semester",
           .kind = NameKind{kNameBytesMax},
           .help = "The faculty of the program. Needed if several faculties have a program with that name.",
           .default_shown = "the faculty that has the program"},
          {.name = "format",
           .group = "Report",
           .kind = ChoiceKind{{"text", "json"}},
           .help = "Text to read, or one JSON object.",
           .default_value = "text"},
      }),
      .examples = {{"explain the grant of a program to its director",
                    "dtictl explain --semester=2025-10 --faculty='Derecho' Derecho Penal"},
                   {"for a script", "dtictl explain --format=json 'Derecho Penal'"}},
      .exit_codes = {{0, "the grant was explained"},
                     {1,
                      "the program has no grant, the store has no such semester or program, it cannot be read, or "
                      "the grant is not what the rule gives; stderr gives the reason"},
                     {2, "incorrect usage: flags, environment or config file"}},
      .others_in_file = std::move(others),
      .operand = "PROGRAM",
  };
}

std::variant<OfficeOptions, UsageExit> parse_explain_options(std::span<const std::string> args,
                                                             const Surroundings& surroundings) {
  auto resolved = resolve(describe_explain(), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  auto settings = std::get<Settings>(std::move(resolved));
  auto store = find_store_on_disk(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&store)) return std::move(*usage);
  const auto timeout = settings.duration("store-timeout");
  return OfficeOptions{std::move(settings), std::get<StoreAddress>(std::move(store)), timeout, {}};
}

}  // namespace dti
