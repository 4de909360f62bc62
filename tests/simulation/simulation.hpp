#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "simulation/checks/checks.hpp"
#include "simulation/faults.hpp"
#include "simulation/hosts/clients.hpp"
#include "simulation/hosts/faculty_host.hpp"
#include "simulation/hosts/office.hpp"
#include "simulation/hosts/registrar.hpp"
#include "simulation/hosts/server_host.hpp"
#include "simulation/hosts/virtual_store.hpp"
#include "simulation/names.hpp"
#include "simulation/network.hpp"
#include "simulation/plan.hpp"
#include "simulation/world.hpp"

namespace dti::simulation {

/// What came of a run.
struct RunResult {
  std::uint64_t trace_hash = 0;
  std::uint64_t events = 0;
  std::uint64_t decided = 0;  // requests that were answered by a decision
  Time virtual_time{};
  Cells cells;
  std::optional<Violation> violation;
};

/// One run: servers, faculties, programs, their network and their store, all of it in one thread and from one seed.
/// There is trouble for a while; then all is healed, and every client must get its answer within a bound of virtual time.
class Simulation {
 public:
  Simulation(std::uint64_t seed, bool prints_trace);

  [[nodiscard]] RunResult run();

 private:
  void open_semesters();
  void heal();
  [[nodiscard]] bool all_answered() const;
  void run_until(Time end);
  void check_end();
  void wait_for_holds(WallTime last);
  void watch_leaders();
  void check_ready(const ServerHost& server);

  World world_;
  const Plan plan_;
  Names names_;
  std::shared_ptr<MemoryStore> stored_ = std::make_shared<MemoryStore>();
  Checks checks_;
  VirtualStore store_;
  Network network_;
  Faults faults_;
  std::vector<std::unique_ptr<ServerHost>> servers_;
  std::vector<std::unique_ptr<FacultyHost>> faculties_;
  std::vector<std::unique_ptr<ProgramClient>> programs_;
  std::unique_ptr<HostileClient> hostile_;
  std::unique_ptr<Office> office_;
  std::vector<std::unique_ptr<Registrar>> registrars_;
};

}  // namespace dti::simulation
