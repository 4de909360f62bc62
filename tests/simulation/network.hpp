#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <utility>

#include "simulation/plan.hpp"
#include "simulation/world.hpp"

namespace dti::simulation {

/// A place in the network: servers, faculties and clients each have a number of their own.
using Node = std::size_t;

/// Carries messages: late, out of order, twice or not at all, as the plan has it, until it is healed.
/// That is worse than TCP, on which nothing is lost within a connection.
class Network {
 public:
  Network(World& world, const Plan& plan) : world_(world), plan_(plan) {}

  /// @param arrive  what the message brings about when it arrives
  void send(Node from, Node to, const std::function<void()>& arrive);
  /// Nothing passes between the two for so long.
  void part(Node one, Node other, Time duration);
  void heal();

 private:
  void carry(Node from, Node to, const std::function<void()>& arrive);

  World& world_;
  const Plan& plan_;
  bool is_healed_ = false;
  std::map<std::pair<Node, Node>, Time> parted_until_;
  std::map<std::pair<Node, Node>, Time> last_arrival_;
};

}  // namespace dti::simulation
