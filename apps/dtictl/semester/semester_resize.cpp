#include "dtictl/semester/semester_resize.hpp"

#include "dtictl/change/change_run.hpp"

namespace dti {

int run_semester_resize(std::span<const std::string> args) {
  return run_change({.verb = OfficeVerb::kResizeSemester,
                     .name = "dtictl semester resize",
                     .purpose = "dtictl semester resize gives a semester other numbers of rooms. No number can be less "
                                "than what is granted.",
                     .examples = {{"a building has been added",
                                   "dtictl semester resize --semester=2025-10 --classrooms=400 --labs=64"}}},
                    args);
}

}  // namespace dti
