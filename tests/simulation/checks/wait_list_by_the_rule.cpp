#include "simulation/checks/wait_list_by_the_rule.hpp"

#include <algorithm>

#include "simulation/checks/by_the_rule.hpp"

namespace dti::simulation {

std::optional<Waiting> first_due(const std::vector<Waiting>& waiting, const Pool& left) {
  std::optional<Waiting> first;
  for (const auto& program : waiting) {
    if (first && first->place < program.place) continue;
    if (top_up_by_the_rule(left, program.grant, program.want) != program.grant) first = program;
  }
  return first;
}

Grant amend_among(const std::vector<Waiting>& others, const Pool& left, const Grant& held, const Want& want) {
  auto kept = held;
  auto with_returned = left;
  put_back_unwanted(with_returned, kept, want);
  if (!first_due(others, with_returned)) return top_up_by_the_rule(with_returned, kept, want);
  return first_due(others, left) ? kept : top_up_by_the_rule(left, kept, want);
}

Grant settle_among(std::vector<Waiting> waiting, Pool left, Seq place) {
  const auto find = [&](Seq at) {
    return std::find_if(waiting.begin(), waiting.end(), [&](const Waiting& program) { return program.place == at; });
  };
  while (const auto first = first_due(waiting, left)) {
    const auto grant = top_up_by_the_rule(left, first->grant, first->want);
    put_back(left, first->grant);
    take(left, grant);
    find(first->place)->grant = grant;
  }
  return find(place)->grant;
}

}  // namespace dti::simulation
