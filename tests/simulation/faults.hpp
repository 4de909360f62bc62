#pragma once

#include <memory>
#include <vector>

#include "simulation/hosts/faculty_host.hpp"
#include "simulation/hosts/server_host.hpp"
#include "simulation/hosts/virtual_store.hpp"
#include "simulation/network.hpp"
#include "simulation/plan.hpp"
#include "simulation/world.hpp"

namespace dti::simulation {

/// Brings trouble about until it is healed: at the steps of a call of the store, and at any time.
class Faults {
 public:
  Faults(World& world, const Plan& plan, Network& network, VirtualStore& store)
      : world_(world), plan_(plan), network_(network), store_(store) {}

  /// @param nodes  how many places the network has
  void start(std::vector<ServerHost*> servers, std::vector<FacultyHost*> faculties, std::size_t nodes);
  void on_step(ServerHost& server, Operation operation, Step step);
  void heal() { is_healed_ = true; }

 private:
  [[nodiscard]] Fault draw_fault();
  [[nodiscard]] Time draw_duration();
  [[nodiscard]] Time draw_freeze();
  void strike(ServerHost& server, Fault fault);
  void start_rival_of(const ServerHost& server);
  void repeat(Time every, void (Faults::*what)());
  void strike_any_server();
  void strike_any_faculty();
  void part_any();

  World& world_;
  const Plan& plan_;
  Network& network_;
  VirtualStore& store_;
  std::vector<ServerHost*> servers_;
  std::vector<FacultyHost*> faculties_;
  std::size_t nodes_ = 0;
  bool is_healed_ = false;
};

}  // namespace dti::simulation
