#pragma once

#include "dti/service/pipeline/commit_pipeline.hpp"
#include "simulation/names.hpp"
#include "simulation/plan.hpp"
#include "simulation/random.hpp"

namespace dti::simulation {

/// The settings of a server that starts: all names, and one of the semesters that are not left to the office.
[[nodiscard]] StartOptions start_options(const Plan& plan, const Names& names, Random& random);

}  // namespace dti::simulation
