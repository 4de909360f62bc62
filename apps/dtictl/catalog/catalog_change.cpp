#include "dtictl/catalog/catalog_change.hpp"

#include "dtictl/change/change_run.hpp"

namespace dti {

int run_catalog_rename(std::span<const std::string> args) {
  return run_change(
      {.verb = OfficeVerb::kRenameProgram,
       .name = "dtictl catalog rename",
       .purpose =
           "dtictl catalog rename gives a program another name: it keeps its number, its grants and its place in "
           "every wait list. Requests with the old name are then refused, and told the new one. No other program "
           "can get the old name.",
       .examples = {{"give a program another name",
                     "dtictl catalog rename --faculty=Derecho --program=\"Derecho Civil\" --to=\"Derecho Privado\" "
                     "--note=\"decision of the council\""}}},
      args);
}

int run_catalog_retire(std::span<const std::string> args) {
  return run_change(
      {.verb = OfficeVerb::kRetireProgram,
       .name = "dtictl catalog retire",
       .purpose = "dtictl catalog retire retires a program: it keeps the grants that it holds and gets no new ones. A "
                  "retired program stays in the catalogue, and its retirement cannot be taken back.",
       .examples = {{"see whether a program can be retired",
                     "dtictl catalog retire --faculty=Derecho --program=\"Derecho Canónico\" --dry-run"}}},
      args);
}

}  // namespace dti
