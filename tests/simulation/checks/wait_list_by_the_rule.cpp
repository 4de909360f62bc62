#include "simulation/checks/wait_list_by_the_rule.hpp"

#include "simulation/checks/by_the_rule.hpp"

namespace dti::simulation {

std::optional<Waiting> first_due(const std::vector<Waiting>& waiting, const Pool& left) {
  std::optional<Waiting> first;
  for (const auto& program : waiting) {
    if (first && first->place < program.place) continue;
    if (is_all(program.admitted, program.grant)) continue;
    if (top_up_by_the_rule(left, program.grant, program.admitted) != program.grant) first = program;
  }
  return first;
}

Grant amend_among(const std::vector<Waiting>& others, const Pool& left, const Grant& held, const Want& want,
                  bool is_limited) {
  auto kept = held;
  auto with_returned = left;
  put_back_unwanted(with_returned, kept, want);
  if (!first_due(others, with_returned)) return top_up_by_the_rule(with_returned, kept, want);
  return is_limited || first_due(others, left) ? kept : top_up_by_the_rule(left, kept, want);
}

}  // namespace dti::simulation
