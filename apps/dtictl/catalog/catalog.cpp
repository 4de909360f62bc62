#include "dtictl/catalog/catalog.hpp"

#include <variant>

#include "dtictl/catalog/catalog_apply.hpp"
#include "dtictl/catalog/catalog_change.hpp"
#include "dtictl/catalog/catalog_list.hpp"
#include "dtictl/catalog/catalog_plan.hpp"
#include "dtictl/commands.hpp"

namespace dti {

int run_catalog(std::span<const std::string> args) {
  const CommandSet catalog{
      .name = "dtictl catalog",
      .purpose = "dtictl catalog reads the faculties and programs of a store, and changes them.",
      .commands = {{"list", "prints the programs with their faculties", &run_catalog_list},
                   {"plan", "compares a file with the catalogue, and plans what to add", &run_catalog_plan},
                   {"apply", "adds the programs of a plan, while servers run", &run_catalog_apply},
                   {"rename", "gives a program another name", &run_catalog_rename},
                   {"retire", "lets a program keep its grants and get no new ones", &run_catalog_retire}},
  };
  const auto found = find_command(catalog, args);
  if (const auto* usage = std::get_if<UsageExit>(&found)) return leave(*usage);
  return std::get<const Command*>(found)->run(args.subspan(1));
}

}  // namespace dti
