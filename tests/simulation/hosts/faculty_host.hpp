#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dti/base/log.hpp"
#include "simulation/checks/checks.hpp"
#include "simulation/hosts/server_host.hpp"
#include "simulation/network.hpp"
#include "simulation/plan.hpp"
#include "simulation/world.hpp"

namespace dti::simulation {

/// A machine that runs a faculty, kills it and starts it again: does what FacultyNode does, around the same
/// ProgramHandler and FacultyService, with virtual time and messages.
class FacultyHost {
 public:
  /// @param node  its place in the network; that of servers[i] is i
  FacultyHost(World& world, const Plan& plan, Network& network, Checks& checks, Node node, std::string name,
              std::vector<ServerHost*> servers);
  ~FacultyHost();
  FacultyHost(const FacultyHost&) = delete;
  FacultyHost& operator=(const FacultyHost&) = delete;

  /// A program's message arrives. @param reply  carries the answer's frames back; may be called long after
  void deliver(const Frames& frames, std::function<void(const Frames&)> reply);
  void start();
  void crash();
  void heal();

  [[nodiscard]] Node node() const { return node_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  class Port;
  class Links;
  struct Connection;
  struct Process;

  [[nodiscard]] SteadyTime local_now() const { return SteadyTime{world_.now()}; }
  void perform_actions();
  void schedule_tick();
  void connect(std::size_t server);
  void on_connected(std::size_t server);
  bool ask(std::size_t server, std::string_view body);
  void lose_connection(std::size_t server, const std::string& reason);
  void end_connection(std::size_t server);
  void on_reply(std::size_t server, std::uint64_t connection, const Frames& frames);
  void note(const LogEvent& event);

  // Fixed after construction.
  World& world_;
  const Plan& plan_;
  Network& network_;
  Checks& checks_;
  const Node node_;
  const std::string name_;
  const std::vector<ServerHost*> servers_;

  std::unique_ptr<Process> process_;
  std::uint64_t incarnation_ = 0;
};

}  // namespace dti::simulation
