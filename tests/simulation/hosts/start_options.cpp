#include "simulation/hosts/start_options.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

namespace dti::simulation {

StartOptions start_options(const Plan& plan, const Names& names, Random& random) {
  StartOptions start;
  start.catalog = names.rows();
  std::vector<PlannedSemester> semesters;
  std::copy_if(plan.semesters.begin(), plan.semesters.end(), std::back_inserter(semesters),
               [](const PlannedSemester& semester) { return !semester.is_for_office; });
  const auto& semester = random.pick(semesters);
  start.semester = SemesterToOpen{.name = semester.name,
                                  .classrooms = semester.capacity.classrooms,
                                  .labs = semester.capacity.labs,
                                  .conversions = semester.capacity.conversions};
  return start;
}

}  // namespace dti::simulation
