#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dti/repository/memory/memory_repository.hpp"
#include "dti/service/allocation/command.hpp"
#include "simulation/hosts/server_host.hpp"
#include "simulation/network.hpp"
#include "simulation/plan.hpp"
#include "simulation/world.hpp"

namespace dti::simulation {

/// The college's office: opens semesters while the servers run, repeats its commands, and sends commands that must be
/// refused: for a semester that looks like a stored one, with other numbers, or with a bad name.
class Office {
 public:
  Office(World& world, const Plan& plan, Network& network, std::shared_ptr<MemoryStore> stored,
         std::vector<ServerHost*> servers, Node node);

  void start();
  [[nodiscard]] bool is_done() const { return !is_open_; }
  [[nodiscard]] const std::string& waits_for() const { return command_.name; }

 private:
  enum class Kind { kOpens, kRepeats, kLooksAlike, kOtherNumbers, kBadName };

  void command_next();
  void draw_command();
  void send();
  void send_later();
  void on_reply(std::uint64_t number, const OpenSemesterOutcome& outcome);
  void check(const OpenSemesterOutcome& outcome);
  [[nodiscard]] bool has_been_closed() const;

  // Fixed after construction.
  World& world_;
  const Plan& plan_;
  Network& network_;
  const std::shared_ptr<MemoryStore> stored_;
  const std::vector<ServerHost*> servers_;
  const Node node_;

  Kind kind_ = Kind::kOpens;
  OpenSemester command_;
  std::uint64_t number_ = 0;  // of the try
  bool is_open_ = false;
};

}  // namespace dti::simulation
