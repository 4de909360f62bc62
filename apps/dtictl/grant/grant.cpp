#include "dtictl/grant/grant.hpp"

#include <variant>

#include "dtictl/commands.hpp"
#include "dtictl/grant/grant_amend.hpp"
#include "dtictl/grant/grant_list.hpp"
#include "dtictl/grant/grant_release.hpp"
#include "dtictl/grant/grant_show.hpp"

namespace dti {

int run_grant(std::span<const std::string> args) {
  const CommandSet grant{
      .name = "dtictl grant",
      .purpose = "dtictl grant reads and changes the grants of programs.",
      .commands = {{"list", "prints the grants that stand", &run_grant_list},
                   {"show", "prints every entry about one program, and what it holds now", &run_grant_show},
                   {"release", "ends the grant of a program", &run_grant_release},
                   {"amend", "gives a program other numbers of rooms", &run_grant_amend}},
  };
  const auto found = find_command(grant, args);
  if (const auto* usage = std::get_if<UsageExit>(&found)) return leave(*usage);
  return std::get<const Command*>(found)->run(args.subspan(1));
}

}  // namespace dti
