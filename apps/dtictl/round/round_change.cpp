#include "dtictl/round/round_change.hpp"

#include "dtictl/change/change_run.hpp"

namespace dti {

int run_round_open(std::span<const std::string> args) {
  return run_change(
      {.verb = OfficeVerb::kOpenRound,
       .name = "dtictl round open",
       .purpose =
           "dtictl round open publishes the hash of PLAN, a file that dtictl round plan has written, and of a secret "
           "that "
           "it makes: from then on, no person can choose who wins a tie. The secret is in the file PLAN.secret; keep "
           "it "
           "until the round is held. An earlier opening that was not used no longer counts.",
       .examples = {{"open a round", "dtictl round open --note='rooms of 2026-10' plan.json"}},
       .operand = "PLAN"},
      args);
}

int run_round_run(std::span<const std::string> args) {
  return run_change({.verb = OfficeVerb::kRunRound,
                     .name = "dtictl round run",
                     .purpose = "dtictl round run holds the round that dtictl round open has opened with the same "
                                "PLAN: all its programs get "
                                "their rooms together, or none does. A program that holds a grant is left out.",
                     .examples = {{"see what the round would grant", "dtictl round run --dry-run plan.json"},
                                  {"hold the round in a script", "dtictl round run --confirm=2025-10 plan.json"}},
                     .operand = "PLAN"},
                    args);
}

}  // namespace dti
