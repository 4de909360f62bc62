#include "dtictl/grant/grant_release.hpp"

#include "dtictl/change/change_run.hpp"

namespace dti {

int run_grant_release(std::span<const std::string> args) {
  return run_change(
      {.verb = OfficeVerb::kReleaseGrant,
       .name = "dtictl grant release",
       .purpose = "dtictl grant release ends the grant of a program: its rooms can be granted to others. The program "
                  "can request rooms again, with a new request.",
       .examples = {{"release a grant, after a question",
                     "dtictl grant release --semester=2025-10 --faculty=Derecho --program=\"Derecho Civil\" "
                     "--note=\"cancelled\""},
                    {"the same in a script",
                     "dtictl grant release --semester=2025-10 --faculty=Derecho --program=\"Derecho Civil\" --yes"}}},
      args);
}

}  // namespace dti
