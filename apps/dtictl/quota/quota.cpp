#include "dtictl/quota/quota.hpp"

#include <variant>

#include "dtictl/commands.hpp"
#include "dtictl/quota/quota_change.hpp"
#include "dtictl/quota/quota_list.hpp"

namespace dti {

int run_quota(std::span<const std::string> args) {
  const CommandSet quota{
      .name = "dtictl quota",
      .purpose =
          "dtictl quota reads and changes the quotas of a semester: how many rooms the programs of a faculty may "
          "hold together.",
      .commands = {{"list", "prints the quotas of a semester, and what the faculties hold", &run_quota_list},
                   {"set", "sets the limits of a faculty", &run_quota_set},
                   {"clear", "removes the limits of a faculty", &run_quota_clear}},
  };
  const auto found = find_command(quota, args);
  if (const auto* usage = std::get_if<UsageExit>(&found)) return leave(*usage);
  return std::get<const Command*>(found)->run(args.subspan(1));
}

}  // namespace dti
