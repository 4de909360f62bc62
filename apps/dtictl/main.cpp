// dtictl: administers stores and keys. Each command has its own file; main() finds the command that the operator named.

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "dti/cli/standard_streams.hpp"
#include "dtictl/commands.hpp"
#include "dtictl/copy/copy.hpp"
#include "dtictl/head/head.hpp"
#include "dtictl/key/key.hpp"
#include "dtictl/migrate/migrate.hpp"
#include "dtictl/verify/verify.hpp"

int main(int argc, char** argv) {
  dti::prepare_standard_streams();
  const dti::CommandSet dtictl{
      .name = "dtictl",
      .purpose = "dtictl administers the store of a dti_server, and the keys of servers and their clients.",
      .commands = {{"verify", "replays the ledger through the allocation rule and reports the differences",
                    &dti::run_verify},
                   {"head", "prints a signed line about the ledger, for a witness", &dti::run_head},
                   {"copy", "copies a store into an empty one, also into the other kind of database", &dti::run_copy},
                   {"migrate", "makes the schema of a store, or brings it up to date", &dti::run_migrate},
                   {"key", "makes keys, and changes the list of the keys that may connect", &dti::run_key}},
  };
  const std::vector<std::string> args{argv + 1, argv + argc};
  const auto found = dti::find_command(dtictl, args);
  if (const auto* usage = std::get_if<dti::UsageExit>(&found)) return dti::leave(*usage);
  return std::get<const dti::Command*>(found)->run(std::span{args}.subspan(1));
}
