#include "dtictl/office/office_options.hpp"

#include <algorithm>

#include "dti/domain/name_fault.hpp"
#include "dtictl/server_settings.hpp"
#include "dtictl/store_settings.hpp"

namespace dti {

Setting semester_setting() {
  return {.name = "semester",
          .group = "Semester",
          .kind = NameKind{kSemesterBytesMax},
          .help = "The semester, open or closed.",
          .default_shown = "the open one, if only one is open"};
}

Setting faculty_setting() {
  return {.name = "faculty",
          .group = "Semester",
          .kind = NameKind{kNameBytesMax},
          .help = "Only the programs of this faculty, in any spelling that a server accepts.",
          .default_shown = "every faculty"};
}

AppDescription describe(const ReadCommand& command) {
  auto settings = with_list_settings(with_store_settings(command.settings), command.columns);
  auto others = describe_server_settings();
  std::erase_if(others, [&](const Setting& other) {
    return std::any_of(settings.begin(), settings.end(),
                       [&](const Setting& setting) { return setting.name == other.name; });
  });
  AppDescription description{
      .name = command.name,
      .purpose = command.purpose + " It changes nothing, and can run while a server runs.",
      .settings = std::move(settings),
      .examples = command.examples,
      .exit_codes = {{0, "done"},
                     {1, (command.other_failure.empty() ? "" : command.other_failure + ", ") +
                             "the store cannot be read or contradicts itself, or the output cannot be written; stderr "
                             "gives the reason"},
                     {2, "incorrect usage, or a semester, faculty or program that the store does not have"}},
      .others_in_file = std::move(others),
      .operand = command.operand};
  for (const auto& code : command.more_exit_codes) description.exit_codes.push_back(code);
  return description;
}

std::variant<OfficeOptions, UsageExit> parse_office_options(const ReadCommand& command,
                                                            std::span<const std::string> args,
                                                            const Surroundings& surroundings) {
  auto resolved = resolve(describe(command), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  auto settings = std::get<Settings>(std::move(resolved));
  auto store = find_store_on_disk(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&store)) return std::move(*usage);
  const auto timeout = settings.duration("store-timeout");
  auto list = read_list_choice(settings, command.columns);
  return OfficeOptions{std::move(settings), std::get<StoreAddress>(std::move(store)), timeout, std::move(list)};
}

}  // namespace dti
