#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "dti/domain/pool.hpp"
#include "dti/service/faculty/faculty_service.hpp"
#include "dti/service/pipeline/commit_pipeline.hpp"
#include "simulation/cells.hpp"
#include "simulation/random.hpp"
#include "simulation/world.hpp"

namespace dti::simulation {

struct PlannedSemester {
  std::string name;
  Capacity capacity;
  bool is_open_before = false;
  bool is_for_office = false;  // the office opens it by a command; a server that starts opens the others
};

/// What a run is made of, all of it drawn from the seed. Each run has some of the faults, and none of the others.
struct Plan {
  std::size_t servers = 1;
  std::size_t faculties = 2;
  std::size_t programs_each = 3;
  std::size_t registrars = 0;   // people who change grants and semesters while the servers run
  Time registrar_pause_most{};  // between what they do
  bool has_wait_lists = false;  // they turn one on in every semester, sooner or later
  double holds = 0;             // requests that ask for a hold
  double retirements = 0;       // commands that retire a program
  std::vector<PlannedSemester> semesters;
  Time troubled{};  // so long there are faults; then all are healed

  PipelineOptions pipeline;
  FacultyOptions faculty;  // the times and numbers; name and endpoints are each faculty's own

  // The network, for each message.
  double lost = 0;
  double twice = 0;
  double slow = 0;         // takes up to 3 s
  Time partition_every{};  // on average; 0: none

  // The store.
  Time commit_most{};               // what a statement takes, at most
  Time top_ups_most{};              // what those for the programs that wait take, at most
  double refused = 0;               // statements that the store refuses
  double late = 0;                  // statements of a broken connection that arrive all the same
  bool has_database_clock = false;  // the store has a clock of its own, which is right

  // Faults at the steps of a store's call, and their weights.
  double at_step = 0;
  std::array<unsigned, kFaultNames.size()> weights{};

  // Faults at any time.
  Time server_fault_every{};   // 0: none
  Time faculty_fault_every{};  // 0: none
  bool has_drift = false;
};

[[nodiscard]] Plan draw_plan(Random& random);

}  // namespace dti::simulation
