#include "dtictl/semester/semester.hpp"

#include <variant>

#include "dtictl/commands.hpp"
#include "dtictl/semester/semester_list.hpp"

namespace dti {

int run_semester(std::span<const std::string> args) {
  const CommandSet semester{
      .name = "dtictl semester",
      .purpose = "dtictl semester reads the semesters of a store.",
      .commands = {{"list", "prints the semesters with their capacity and what is left", &run_semester_list}},
  };
  const auto found = find_command(semester, args);
  if (const auto* usage = std::get_if<UsageExit>(&found)) return leave(*usage);
  return std::get<const Command*>(found)->run(args.subspan(1));
}

}  // namespace dti
