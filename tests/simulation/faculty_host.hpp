#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dti/service/faculty/faculty_service.hpp"
#include "simulation/checks.hpp"
#include "simulation/network.hpp"
#include "simulation/plan.hpp"
#include "simulation/server_host.hpp"
#include "simulation/world.hpp"

namespace dti::simulation {

/// A machine that runs a faculty, kills it and starts it again: does what FacultyNode does, around the same
/// FacultyService, with virtual time and messages.
class FacultyHost {
 public:
  /// @param node  its place in the network; that of servers[i] is i
  FacultyHost(World& world, const Plan& plan, Network& network, Checks& checks, Node node, std::string name,
              std::vector<ServerHost*> servers);

  /// A program's message arrives. @param reply  carries the answer's frames back; may be called long after
  void deliver(const Frames& frames, std::function<void(const Frames&)> reply);
  void start();
  void crash();
  void heal();

  [[nodiscard]] Node node() const { return node_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  struct Waiting {
    RoomRequest request;
    Envelope envelope;
    std::function<void(const Frames&)> reply;
  };
  struct Process {
    explicit Process(FacultyOptions options, std::function<std::uint64_t()> random, std::size_t servers)
        : service(std::move(options), std::move(random)), connections(servers), connected(servers) {}
    FacultyService service;
    std::map<Token, Waiting> waiting;
    std::vector<std::uint64_t> connections;  // by server: which connection it is
    std::vector<bool> connected;             // by server: does it stand?
    Token tokens = 0;
    std::optional<SteadyTime> tick_at;
  };

  [[nodiscard]] SteadyTime local_now() const { return SteadyTime{world_.now()}; }
  void perform_actions();
  void schedule_tick();
  void ask(const SendRequest& action);
  void end_connection(std::size_t server);
  void on_reply(std::size_t server, std::uint64_t connection, const Frames& frames);
  void on_refused_connection(std::size_t server, std::uint64_t connection);
  void answer(const SendRoomAnswer& action);

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
