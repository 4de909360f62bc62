#include "dtictl/semester/semester_open.hpp"

#include "dtictl/change/change_run.hpp"

namespace dti {

int run_semester_open(std::span<const std::string> args) {
  return run_change(
      {.verb = OfficeVerb::kOpenSemester,
       .name = "dtictl semester open",
       .purpose = "dtictl semester open opens a new semester while the server runs. A repeat with the same numbers "
                  "does nothing.",
       .examples = {{"open a semester", "dtictl semester open --semester=2026-10 --classrooms=380 --labs=60"}}},
      args);
}

}  // namespace dti
