#include "dtictl/semester/semester_reopen.hpp"

#include "dtictl/change/change_run.hpp"

namespace dti {

int run_semester_reopen(std::span<const std::string> args) {
  return run_change({.verb = OfficeVerb::kReopenSemester,
                     .name = "dtictl semester reopen",
                     .purpose = "dtictl semester reopen lets a closed semester take requests and changes again, with "
                                "the grants that it has.",
                     .examples = {{"undo dtictl semester close", "dtictl semester reopen --semester=2025-10"}}},
                    args);
}

}  // namespace dti
