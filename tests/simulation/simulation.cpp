#include "simulation/simulation.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <variant>

#include "dti/repository/memory/memory_repository.hpp"

namespace dti::simulation {
namespace {

constexpr Time kAnswersBound{
    180'000'000};  // after all is healed: a program's timeout, a faculty's tries, a server's start
constexpr Time kQuietBound{20'000'000};
constexpr Time kHoldsEndBound{2'000'000};  // a healthy store takes some ten milliseconds for each change
constexpr Time kWatchEvery{100'000};
constexpr std::uint64_t kEventsMax = 5'000'000;  // a run has some ten thousand

template <class Host>
std::vector<Host*> pointers(const std::vector<std::unique_ptr<Host>>& hosts) {
  std::vector<Host*> found;
  for (const auto& host : hosts) found.push_back(host.get());
  return found;
}

std::set<std::string> office_semesters(const Plan& plan) {
  std::set<std::string> names;
  for (const auto& semester : plan.semesters) {
    if (semester.is_for_office) names.insert(semester.name);
  }
  return names;
}

}  // namespace

Simulation::Simulation(std::uint64_t seed, bool prints_trace)
    : world_(seed, prints_trace),
      plan_(draw_plan(world_.random)),
      names_(plan_.faculties, plan_.programs_each),
      checks_(world_, names_, stored_, office_semesters(plan_), plan_.has_drift),
      store_(world_, plan_, checks_, stored_),
      network_(world_, plan_),
      faults_(world_, plan_, network_, store_) {
  const auto on_step = [this](ServerHost& server, Operation operation, Step step) {
    faults_.on_step(server, operation, step);
  };
  for (std::size_t i = 0; i < plan_.servers; ++i) {
    servers_.push_back(std::make_unique<ServerHost>(world_, plan_, names_, store_, checks_, i, on_step));
  }
  Node node = plan_.servers;
  for (std::size_t i = 0; i < plan_.faculties; ++i) {
    faculties_.push_back(
        std::make_unique<FacultyHost>(world_, plan_, network_, checks_, node++, names_.faculty(i), pointers(servers_)));
    for (std::size_t j = 0; j < plan_.programs_each; ++j) {
      programs_.push_back(
          std::make_unique<ProgramClient>(world_, plan_, names_, network_, checks_, *faculties_[i], node++, i, j));
    }
  }
  hostile_ = std::make_unique<HostileClient>(world_, plan_, names_, network_, pointers(servers_), node++);
  office_ = std::make_unique<Office>(world_, plan_, network_, stored_, pointers(servers_), node++);
  for (std::size_t i = 0; i < plan_.registrars; ++i) {
    registrars_.push_back(
        std::make_unique<Registrar>(world_, plan_, names_, network_, stored_, pointers(servers_), node++));
  }
  faults_.start(pointers(servers_), pointers(faculties_), node);
}

void Simulation::open_semesters() {
  MemoryRepository repository{stored_};
  const auto epoch = std::get<Leadership>(repository.take_over({}, {})).epoch;
  for (const auto& semester : plan_.semesters) {
    if (semester.is_open_before) (void)repository.open_semester(epoch, semester.name, semester.capacity, {});
  }
  checks_.on_store_changed();
}

RunResult Simulation::run() {
  open_semesters();
  for (const auto& server : servers_) {
    world_.after(world_.time_between(Time{0}, Time{3'000'000}), [&server = *server] { server.start(); });
  }
  for (const auto& faculty : faculties_) faculty->start();
  for (const auto& program : programs_) program->start();
  hostile_->start();
  office_->start();
  for (const auto& registrar : registrars_) registrar->start();
  watch_leaders();
  run_until(plan_.troubled);
  if (!world_.violation()) {
    heal();
    check_end();
  }
  RunResult result;
  result.trace_hash = world_.trace_hash();
  result.events = world_.event_count();
  result.decided = checks_.decided_count();
  result.virtual_time = world_.now();
  result.cells = world_.cells;
  result.violation = world_.violation();
  return result;
}

void Simulation::run_until(Time end) {
  bool is_over = false;
  world_.after(std::max(Time{0}, end - world_.now()), [&] { is_over = true; });
  while (!is_over && !world_.violation()) {
    world_.step();
    if (world_.event_count() > kEventsMax) world_.violate("progress", "the run does not come to an end");
  }
}

void Simulation::heal() {
  world_.trace("all", "is healed");
  faults_.heal();
  network_.heal();
  store_.heal();
  for (const auto& server : servers_) server->heal();
  for (const auto& faculty : faculties_) faculty->heal();
  for (const auto& program : programs_) program->ask_last();
}

bool Simulation::all_answered() const {
  const auto is_done = [](const auto& client) { return client->is_done(); };
  return hostile_->is_done() && office_->is_done() && std::all_of(registrars_.begin(), registrars_.end(), is_done) &&
         std::all_of(programs_.begin(), programs_.end(), is_done);
}

void Simulation::check_end() {
  const auto bound = world_.now() + kAnswersBound;
  while (!all_answered() && world_.now() < bound && !world_.violation()) run_until(world_.now() + Time{100'000});
  if (world_.violation()) return;
  if (!all_answered()) {
    auto text = hostile_->is_done() ? std::string{} : "a hostile client: " + hostile_->waits_for();
    if (text.empty() && !office_->is_done()) text = "the office: " + office_->waits_for();
    for (const auto& registrar : registrars_) {
      if (text.empty() && !registrar->is_done()) text = "the office: " + registrar->waits_for();
    }
    for (const auto& program : programs_) text = text.empty() ? program->waits_for() : text;
    return world_.violate("everybody-is-answered", "no answer " + std::to_string(kAnswersBound.count() / 1'000'000) +
                                                       " s after all was healed: " + text);
  }
  const auto leads = [](const auto& server) { return server->leads(); };
  const auto quiet_bound = world_.now() + kQuietBound;
  const auto is_quiet = [&] {
    const auto first = std::find_if(servers_.begin(), servers_.end(), leads);
    return first != servers_.end() && (*first)->is_quiet() && std::none_of(first + 1, servers_.end(), leads);
  };
  do {
    run_until(world_.now() + Time{100'000});
  } while (!(is_quiet() && checks_.is_settled()) && world_.now() < quiet_bound && !world_.violation());
  if (world_.violation()) return;
  const auto leader = std::find_if(servers_.begin(), servers_.end(), leads);
  if (!is_quiet()) return world_.violate("one-leads", "no server leads, or several do, after all was healed");
  checks_.on_quiet_leader((*leader)->name(), (*leader)->allocator());
  if (const auto last = checks_.last_end_of_holds()) wait_for_holds(*last);
  if (!world_.violation() && is_quiet()) checks_.on_quiet_leader((*leader)->name(), (*leader)->allocator());
}

/// Every hold ends, at the latest some time after its end: the ledger's time goes on from its newest entry, as fast as the slowest clock.
void Simulation::wait_for_holds(WallTime last) {
  const auto left = std::max(Time{0}, Time{last - checks_.newest_time()});
  run_until(world_.now() + left + left / 8 + kHoldsEndBound);
  if (!world_.violation()) checks_.check_holds_ended(last);
}

/// Who says that it is ready holds the store's lease, unless its clock is slower than the store's.
void Simulation::check_ready(const ServerHost& server) {
  const auto& lease = store_.lease();
  if (server.has_drift() || !server.is_ready()) return;
  if (lease.holder != server.holder() || lease.until < world_.now()) {
    world_.violate("ready-means-leased", server.name() + " is ready without the lease, which is of " + lease.holder);
  }
}

/// Looks how many servers believe that they lead.
void Simulation::watch_leaders() {
  const auto leads = [](const auto& server) { return server->leads(); };
  const auto runs = [](const auto& server) { return server->runs(); };
  if (std::count_if(servers_.begin(), servers_.end(), leads) > 1) world_.cells.reach("servers/two-that-lead");
  if (std::count_if(servers_.begin(), servers_.end(), runs) > 2) world_.cells.reach("servers/three-that-run");
  for (const auto& server : servers_) check_ready(*server);
  world_.after(kWatchEvery, [this] { watch_leaders(); });
}

}  // namespace dti::simulation
