#include "dtictl/hold/hold.hpp"

#include <variant>

#include "dtictl/commands.hpp"
#include "dtictl/hold/hold_change.hpp"
#include "dtictl/hold/hold_list.hpp"

namespace dti {

int run_hold(std::span<const std::string> args) {
  const CommandSet hold{
      .name = "dtictl hold",
      .purpose = "dtictl hold reads and changes holds: grants that end by themselves unless they are confirmed.",
      .commands = {{"list", "prints the open holds, in the order in which they end", &run_hold_list},
                   {"confirm", "makes a hold, or a part of it, firm", &run_hold_confirm},
                   {"extend", "lets a hold last longer", &run_hold_extend},
                   {"cancel", "ends a hold, and its rooms return", &run_hold_cancel}},
  };
  const auto found = find_command(hold, args);
  if (const auto* usage = std::get_if<UsageExit>(&found)) return leave(*usage);
  return std::get<const Command*>(found)->run(args.subspan(1));
}

}  // namespace dti
