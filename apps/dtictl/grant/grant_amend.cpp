#include "dtictl/grant/grant_amend.hpp"

#include "dtictl/change/change_run.hpp"

namespace dti {

int run_grant_amend(std::span<const std::string> args) {
  return run_change(
      {.verb = OfficeVerb::kAmendGrant,
       .name = "dtictl grant amend",
       .purpose = "dtictl grant amend gives a program other numbers of rooms. Fewer always work. If more are wanted "
                  "and cannot all be given, the grant stays as it is, unless --accept-part is given.",
       .examples = {{"see what a larger grant would be",
                     "dtictl grant amend --semester=2025-10 --faculty=Derecho --program=\"Derecho Civil\" "
                     "--classrooms=9 --labs=2 --dry-run"}}},
      args);
}

}  // namespace dti
