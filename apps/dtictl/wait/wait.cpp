#include "dtictl/wait/wait.hpp"

#include <variant>

#include "dtictl/commands.hpp"
#include "dtictl/wait/wait_change.hpp"
#include "dtictl/wait/wait_list.hpp"

namespace dti {

int run_wait(std::span<const std::string> args) {
  const CommandSet wait{
      .name = "dtictl wait",
      .purpose = "dtictl wait reads and changes the wait list of a semester.",
      .commands = {{"list", "prints the programs that wait, in the order in which they are served", &run_wait_list},
                   {"leave", "takes a program off the wait list; it keeps its rooms", &run_wait_leave},
                   {"on", "turns the wait list of a semester on", &run_wait_on},
                   {"off", "turns the wait list of a semester off", &run_wait_off}},
  };
  const auto found = find_command(wait, args);
  if (const auto* usage = std::get_if<UsageExit>(&found)) return leave(*usage);
  return std::get<const Command*>(found)->run(args.subspan(1));
}

}  // namespace dti
