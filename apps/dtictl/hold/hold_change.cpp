#include "dtictl/hold/hold_change.hpp"

#include "dtictl/change/change_run.hpp"

namespace dti {

int run_hold_confirm(std::span<const std::string> args) {
  return run_change(
      {.verb = OfficeVerb::kConfirmHold,
       .name = "dtictl hold confirm",
       .purpose =
           "dtictl hold confirm makes the hold of a program firm. With --classrooms and --labs, a part of it: the "
           "rest returns.",
       .examples = {{"confirm a hold",
                     "dtictl hold confirm --semester=2025-10 --faculty=Derecho --program=\"Derecho Civil\""},
                    {"confirm a part in a script",
                     "dtictl hold confirm --semester=2025-10 --faculty=Derecho --program=\"Derecho Civil\" "
                     "--classrooms=5 --labs=1 --yes"}}},
      args);
}

int run_hold_extend(std::span<const std::string> args) {
  return run_change(
      {.verb = OfficeVerb::kExtendHold,
       .name = "dtictl hold extend",
       .purpose =
           "dtictl hold extend lets the hold of a program last that long from now, at most 30 days. A hold never "
           "becomes shorter.",
       .examples = {{"two more days",
                     "dtictl hold extend --semester=2025-10 --faculty=Derecho --program=\"Derecho Civil\" "
                     "--hold-seconds=172800 --note=\"the decision is on Thursday\""}}},
      args);
}

int run_hold_cancel(std::span<const std::string> args) {
  return run_change(
      {.verb = OfficeVerb::kCancelHold,
       .name = "dtictl hold cancel",
       .purpose = "dtictl hold cancel ends the hold of a program: its rooms can be granted to others.",
       .examples = {{"cancel a hold in a script",
                     "dtictl hold cancel --semester=2025-10 --faculty=Derecho --program=\"Derecho Civil\" --yes"}}},
      args);
}

}  // namespace dti
