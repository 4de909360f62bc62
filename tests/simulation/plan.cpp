#include "simulation/plan.hpp"

namespace dti::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Time draw_interval(Random& random, double probability, seconds least, seconds most) {
  if (!random.chance(probability)) return Time{0};
  return Time{random.between(Time{least}.count(), Time{most}.count())};
}

// Rooms for about as many programs as there are, so that the pool ends within the run; labs are scarcer. With wait lists
// there are often fewer, so that many programs wait.
PlannedSemester draw_semester(Random& random, std::size_t index, const Plan& plan) {
  const auto programs = static_cast<Quantity>(plan.faculties * plan.programs_each);
  const bool is_scarce = plan.has_wait_lists && random.chance(0.6);
  PlannedSemester semester;
  semester.name = "2025-" + std::to_string(10 * (index + 1));
  semester.capacity.classrooms = random.between(0, (is_scarce ? 3 : 8) * programs);
  semester.capacity.labs = random.between(0, (is_scarce ? 1 : 3) * programs);
  const bool is_capped = random.chance(0.5);
  semester.capacity.conversions =
      is_capped ? random.between(0, semester.capacity.classrooms) : semester.capacity.classrooms;
  semester.is_open_before = random.chance(0.5);
  return semester;
}

void draw_services(Plan& plan, Random& random) {
  plan.pipeline.store_timeout = milliseconds{random.chance(0.3) ? 10'000 : random.between(300, 3'000)};
  if (random.chance(0.2)) plan.pipeline.requests_max = static_cast<std::size_t>(random.between(1, 8));
  if (random.chance(0.3)) plan.pipeline.batch_entries_max = static_cast<std::size_t>(random.between(1, 6));
  plan.pipeline.lease.duration = milliseconds{random.chance(0.3) ? 5'000 : random.between(200, 2'000)};
  plan.faculty.programs_min = static_cast<std::size_t>(random.between(1, 5));
  plan.faculty.batch_wait = milliseconds{random.between(10, 3'000)};
  plan.faculty.client.request_timeout = milliseconds{random.between(300, 3'000)};
  plan.faculty.client.retries = static_cast<int>(random.between(0, 10));
}

void draw_faults(Plan& plan, Random& random) {
  if (random.chance(0.6)) {
    plan.lost = 0.1 * static_cast<double>(random.between(0, 3)) / 3;
    plan.twice = 0.1 * static_cast<double>(random.between(0, 3)) / 3;
    plan.slow = 0.1 * static_cast<double>(random.between(0, 3)) / 3;
  }
  plan.partition_every = draw_interval(random, 0.4, seconds{3}, seconds{15});
  plan.commit_most = milliseconds{random.chance(0.2) ? random.between(50, 500) : random.between(1, 10)};
  plan.top_ups_most = random.chance(0.6) ? Time{milliseconds{random.between(500, 3'000)}} : plan.commit_most;
  if (random.chance(0.25)) plan.refused = 0.3;
  plan.has_database_clock = random.chance(0.5);
  plan.late = 0.25 * static_cast<double>(random.between(0, 4));
  if (random.chance(0.85)) plan.at_step = 0.002 * static_cast<double>(random.between(1, 10));
  for (auto& weight : plan.weights) weight = random.chance(0.6) ? static_cast<unsigned>(random.between(1, 4)) : 0;
  plan.server_fault_every = draw_interval(random, 0.4, seconds{3}, seconds{15});
  plan.faculty_fault_every = draw_interval(random, 0.3, seconds{5}, seconds{20});
  plan.has_drift = random.chance(0.3);
}

}  // namespace

Plan draw_plan(Random& random) {
  Plan plan;
  plan.servers = 1 + (random.below(4) + 1) / 2;  // 1, 2, 2 or 3
  plan.faculties = static_cast<std::size_t>(random.between(1, 4));
  plan.programs_each = static_cast<std::size_t>(random.between(1, 6));
  plan.registrars = random.below(4);
  plan.registrar_pause_most = milliseconds{random.chance(0.7) ? random.between(5, 100) : 700};
  plan.has_wait_lists = random.chance(0.7);
  if (random.chance(0.7)) plan.holds = 0.1 * static_cast<double>(random.between(1, 7));
  if (random.chance(0.3)) plan.retirements = 0.03;
  const auto semesters = random.between(1, 3);
  for (std::int64_t i = 0; i < semesters; ++i) {
    plan.semesters.push_back(draw_semester(random, static_cast<std::size_t>(i), plan));
  }
  for (auto left = random.below(3); left > 0; --left) {
    auto semester = draw_semester(random, plan.semesters.size(), plan);
    semester.is_open_before = false;
    semester.is_for_office = true;
    plan.semesters.push_back(semester);
  }
  plan.troubled = Time{random.between(Time{seconds{5}}.count(), Time{seconds{40}}.count())};
  draw_services(plan, random);
  draw_faults(plan, random);
  return plan;
}

}  // namespace dti::simulation
