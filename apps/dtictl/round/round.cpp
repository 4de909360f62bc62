#include "dtictl/round/round.hpp"

#include <variant>

#include "dtictl/commands.hpp"
#include "dtictl/round/round_change.hpp"
#include "dtictl/round/round_plan.hpp"
#include "dtictl/round/round_report.hpp"

namespace dti {

int run_round(std::span<const std::string> args) {
  const CommandSet round{
      .name = "dtictl round",
      .purpose = "dtictl round decides the requests of many programs together, by a policy.",
      .commands = {{"plan", "tells what a round would give, beside first come", &run_round_plan},
                   {"open", "publishes the hash of a plan and of a secret", &run_round_open},
                   {"run", "grants the rooms, as the plan and the secret say", &run_round_run},
                   {"report", "tells what the last round gave, beside first come", &run_round_report}},
  };
  const auto found = find_command(round, args);
  if (const auto* usage = std::get_if<UsageExit>(&found)) return leave(*usage);
  return std::get<const Command*>(found)->run(args.subspan(1));
}

}  // namespace dti
