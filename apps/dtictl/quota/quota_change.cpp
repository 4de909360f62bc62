#include "dtictl/quota/quota_change.hpp"

#include "dtictl/change/change_run.hpp"

namespace dti {

int run_quota_set(std::span<const std::string> args) {
  return run_change(
      {.verb = OfficeVerb::kSetQuota,
       .name = "dtictl quota set",
       .purpose =
           "dtictl quota set replaces the whole quota of a faculty in a semester: a kind that is not named has no "
           "limit. Nothing is granted above a hard limit. A soft limit changes no grant, and is shown when it is "
           "exceeded. A hard limit below what the faculty holds is refused.",
       .examples = {{"at most 40 classrooms and 5 labs",
                     "dtictl quota set --semester=2025-10 --faculty=Derecho --classrooms=40 --labs=5"},
                    {"show when a faculty has more than 5 labs",
                     "dtictl quota set --semester=2025-10 --faculty=Derecho --labs=5 --soft-labs"}},
       .turns_on = true},
      args);
}

int run_quota_clear(std::span<const std::string> args) {
  return run_change(
      {.verb = OfficeVerb::kSetQuota,
       .name = "dtictl quota clear",
       .purpose = "dtictl quota clear removes the quota of a faculty in a semester.",
       .examples = {{"let a faculty have what is left", "dtictl quota clear --semester=2025-10 --faculty=Derecho"}}},
      args);
}

}  // namespace dti
