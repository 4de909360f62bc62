#include "dtictl/ledger/ledger.hpp"

#include <variant>

#include "dtictl/commands.hpp"
#include "dtictl/ledger/ledger_export.hpp"
#include "dtictl/ledger/ledger_import.hpp"

namespace dti {

int run_ledger(std::span<const std::string> args) {
  const CommandSet ledger{
      .name = "dtictl ledger",
      .purpose = "dtictl ledger writes the content of a store to a file, and fills an empty store from one.",
      .commands = {{"export", "writes a store to a file of JSON Lines", &run_ledger_export},
                   {"import", "fills an empty store from such a file", &run_ledger_import}},
  };
  const auto found = find_command(ledger, args);
  if (const auto* usage = std::get_if<UsageExit>(&found)) return leave(*usage);
  return std::get<const Command*>(found)->run(args.subspan(1));
}

}  // namespace dti
