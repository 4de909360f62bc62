#include "dtictl/wait/wait_change.hpp"

#include "dtictl/change/change_run.hpp"

namespace dti {

int run_wait_leave(std::span<const std::string> args) {
  return run_change(
      {.verb = OfficeVerb::kLeaveWaitList,
       .name = "dtictl wait leave",
       .purpose = "dtictl wait leave takes a program off the wait list of a semester: it keeps its rooms and gets no "
                  "more. It gets a new place if its grant is amended to more.",
       .examples = {{"a program needs no more rooms",
                     "dtictl wait leave --semester=2025-10 --faculty=Derecho --program=\"Derecho Civil\" "
                     "--note=\"found rooms elsewhere\""}}},
      args);
}

int run_wait_on(std::span<const std::string> args) {
  return run_change(
      {.verb = OfficeVerb::kSetWaitList,
       .name = "dtictl wait on",
       .purpose = "dtictl wait on turns the wait list of a semester on: programs that did not get all that they wanted "
                  "wait, and get rooms that are left or are returned, in the order in which they asked.",
       .examples = {{"see how many programs would wait, and how many would get more at once",
                     "dtictl wait on --semester=2025-10 --dry-run"}},
       .turns_on = true},
      args);
}

int run_wait_off(std::span<const std::string> args) {
  return run_change(
      {.verb = OfficeVerb::kSetWaitList,
       .name = "dtictl wait off",
       .purpose = "dtictl wait off turns the wait list of a semester off: rooms that are returned stay for the next "
                  "request. The programs have their places again if the list is turned on again.",
       .examples = {{"turn the wait list off in a script", "dtictl wait off --semester=2025-10 --yes"}}},
      args);
}

}  // namespace dti
