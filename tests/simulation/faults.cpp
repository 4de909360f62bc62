#include "simulation/faults.hpp"

#include <numeric>

namespace dti::simulation {
namespace {

/// How much likelier a fault is at a step of a call that is made once in a while, or once at all.
double boost(Operation operation, Step step) {
  switch (operation) {
    case Operation::kCommit: return step == Step::kUnsent ? 12 : 4;  // then a frozen server sends it when it is thawed
    case Operation::kWatch:
    case Operation::kRenew: return 1;
    case Operation::kGuard: return 2;
    case Operation::kSurvey:
    case Operation::kTakeOver:
    case Operation::kReadCatalog:
    case Operation::kReadLedger:
    case Operation::kLookUp: return 6;
    case Operation::kTakeOverAnew: return 12;
    case Operation::kAddPrograms:
    case Operation::kOpenSemester:
    case Operation::kChange: return 24;
    case Operation::kTopUp: return 300;
    case Operation::kExpire: return 120;
    case Operation::kRelease: return 48;
  }
  return 1;
}

}  // namespace

void Faults::start(std::vector<ServerHost*> servers, std::vector<FacultyHost*> faculties, std::size_t nodes) {
  servers_ = std::move(servers);
  faculties_ = std::move(faculties);
  nodes_ = nodes;
  repeat(plan_.server_fault_every, &Faults::strike_any_server);
  repeat(plan_.faculty_fault_every, &Faults::strike_any_faculty);
  repeat(plan_.partition_every, &Faults::part_any);
}

void Faults::repeat(Time every, void (Faults::*what)()) {
  if (every == Time{0}) return;
  world_.after(world_.time_between(every / 4, every * 2), [this, every, what] {
    if (is_healed_) return;
    (this->*what)();
    repeat(every, what);
  });
}

void Faults::on_step(ServerHost& server, Operation operation, Step step) {
  const auto weight = std::accumulate(plan_.weights.begin(), plan_.weights.end(), 0U);
  if (is_healed_ || weight == 0 || !world_.random.chance(boost(operation, step) * plan_.at_step)) return;
  const auto fault = draw_fault();
  if (fault == Fault::kRival && servers_.size() < 2) return;
  // Not at once: this is called from within the step, on the store worker's fiber perhaps.
  world_.after(Time{0}, [this, &server, operation, step, fault] {
    const auto call = server.call();
    if (!call || call->operation != operation || call->step != step) return;
    world_.cells.reach(operation, step, fault);
    strike(server, fault);
  });
}

Fault Faults::draw_fault() {
  auto left = world_.random.below(std::accumulate(plan_.weights.begin(), plan_.weights.end(), 0U));
  std::size_t fault = 0;
  while (left >= plan_.weights.at(fault)) left -= plan_.weights.at(fault++);
  return static_cast<Fault>(fault);
}

/// 10 ms to 20 s; each order of magnitude as likely as the next.
Time Faults::draw_duration() {
  const Time least{10'000LL << world_.random.below(11)};
  return world_.time_between(least, 2 * least);
}

/// Often just long enough for another server to take the lead, whose looks at the store are some 300 ms apart.
Time Faults::draw_freeze() {
  const Time lease = plan_.pipeline.lease.duration;
  const Time look{300'000};
  return world_.random.chance(0.7) ? world_.time_between(lease + look, 2 * (lease + look)) : draw_duration();
}

void Faults::strike(ServerHost& server, Fault fault) {
  world_.trace("fault", std::string{kFaultNames.at(static_cast<std::size_t>(fault))} + " of " + server.name());
  switch (fault) {
    case Fault::kCrash: return server.crash();
    case Fault::kFreeze: return server.freeze(draw_freeze());
    case Fault::kCut: return server.cut_store();
    case Fault::kSilence: return server.silence_store(draw_duration());
    case Fault::kStall: return store_.stall(draw_duration());
    case Fault::kStop: return server.stop();
    case Fault::kRival: return start_rival_of(server);
  }
}

void Faults::start_rival_of(const ServerHost& server) {
  const auto index = (server.index() + 1 + world_.random.below(servers_.size() - 1)) % servers_.size();
  auto& rival = *servers_[index];
  if (rival.runs() && !rival.is_frozen() && !rival.leads()) return;  // it tries already
  rival.crash();
  rival.start();
}

void Faults::strike_any_server() {
  auto& server = *world_.random.pick(servers_);
  if (world_.random.chance(0.2)) {
    world_.cells.reach("server/wall-clock-set-back");
    server.set_wall_clock_back(draw_duration());
  } else if (world_.random.chance(0.15)) {
    server.set_wall_clock_ahead(100 * draw_duration());
  } else {
    auto fault = static_cast<Fault>(world_.random.below(kFaultNames.size()));
    if (fault == Fault::kRival && servers_.size() < 2) fault = Fault::kFreeze;
    strike(server, fault);
  }
}

void Faults::strike_any_faculty() { world_.random.pick(faculties_)->crash(); }

void Faults::part_any() {
  const auto one = world_.random.below(nodes_);
  const auto other = (one + 1 + world_.random.below(nodes_ - 1)) % nodes_;
  network_.part(one, other, draw_duration());
}

}  // namespace dti::simulation
