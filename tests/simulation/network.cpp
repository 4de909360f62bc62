#include "simulation/network.hpp"

#include <algorithm>
#include <chrono>

namespace dti::simulation {
namespace {

constexpr Time kLeast{20};
constexpr Time kUsual{500};
constexpr Time kSlow{3'000'000};

std::pair<Node, Node> between(Node one, Node other) { return std::minmax(one, other); }

}  // namespace

void Network::send(Node from, Node to, const std::function<void()>& arrive) {
  if (!is_healed_ && world_.random.chance(plan_.lost)) return world_.cells.reach("network/lost");
  if (const auto parted = parted_until_.find(between(from, to));
      parted != parted_until_.end() && world_.now() < parted->second) {
    return world_.cells.reach("network/partition");
  }
  carry(from, to, arrive);
  if (!is_healed_ && world_.random.chance(plan_.twice)) {
    world_.cells.reach("network/twice");
    carry(from, to, arrive);
  }
}

void Network::carry(Node from, Node to, const std::function<void()>& arrive) {
  const bool is_slow = !is_healed_ && world_.random.chance(plan_.slow);
  const auto delay = world_.time_between(kLeast, is_slow ? kSlow : kUsual);
  auto& last = last_arrival_[{from, to}];
  if (world_.now() + delay < last) world_.cells.reach("network/overtaken");
  last = std::max(last, world_.now() + delay);
  world_.after(delay, arrive);
}

void Network::part(Node one, Node other, Time duration) {
  parted_until_[between(one, other)] = world_.now() + duration;
}

void Network::heal() {
  is_healed_ = true;
  parted_until_.clear();
}

}  // namespace dti::simulation
