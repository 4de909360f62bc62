#include "dtictl/semester/semester_close.hpp"

#include "dtictl/change/change_run.hpp"

namespace dti {

int run_semester_close(std::span<const std::string> args) {
  return run_change(
      {.verb = OfficeVerb::kCloseSemester,
       .name = "dtictl semester close",
       .purpose = "dtictl semester close ends a semester: it takes no more requests and no more changes, until it is "
                  "reopened. Its grants stay.",
       .examples = {{"close a semester in a script", "dtictl semester close --semester=2025-10 --confirm=2025-10"},
                    {"close a semester, and give its open holds back",
                     "dtictl semester close --semester=2025-10 --holds=cancel"}}},
      args);
}

}  // namespace dti
