#include "dtictl/catalog/catalog_apply.hpp"

#include "dtictl/change/change_run.hpp"

namespace dti {

int run_catalog_apply(std::span<const std::string> args) {
  return run_change(
      {.verb = OfficeVerb::kChangeCatalog,
       .name = "dtictl catalog apply",
       .purpose =
           "dtictl catalog apply adds the programs of PLAN, a file that dtictl catalog plan has written, to the "
           "catalogue: all of them or none. Servers go on. If a faculty to which it adds has changed since the plan "
           "was "
           "made, nothing is changed. A plan that was applied already changes nothing, and the exit code is 0. - is "
           "stdin.",
       .examples = {{"apply a plan in a script", "dtictl catalog apply --yes --note='new programs of 2026' plan.json"},
                    {"let the server check a plan", "dtictl catalog apply --dry-run plan.json"}},
       .operand = "PLAN"},
      args);
}

}  // namespace dti
