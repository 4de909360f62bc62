#include "simulation/hosts/registrar.hpp"

#include <utility>
#include <variant>

namespace dti::simulation {
namespace {

constexpr Time kReplyTimeout{3'000'000};
constexpr Time kPauseLeast{1'000};
constexpr Time kPauseMost{700'000};

}  // namespace

Registrar::Registrar(World& world, const Plan& plan, const Names& names, Network& network,
                     std::vector<ServerHost*> servers, Node node)
    : world_(world), plan_(plan), names_(names), network_(network), servers_(std::move(servers)), node_(node) {}

void Registrar::start() {
  world_.after(world_.time_between(Time{0}, plan_.troubled / 2), [this] { command_next(); });
}

void Registrar::command_next() {
  if (world_.now() >= plan_.troubled) return;
  auto& random = world_.random;
  command_ = {};
  command_.id = "command-" + std::to_string(node_) + "-" + std::to_string(++command_count_);
  command_.actor = "local/" + std::to_string(node_);
  command_.semester = random.pick(plan_.semesters).name;
  command_.change = draw_change();
  command_.expects = 0;
  begin(Stage::kReading);
}

ProgramName Registrar::draw_program() {
  const auto& row = world_.random.pick(names_.rows());
  return {row.faculty, world_.random.chance(0.05) ? Names::unknown(world_.random) : row.program};
}

OfficeCommand::Change Registrar::draw_change() {
  auto& random = world_.random;
  const auto rooms = [&](std::int64_t most) { return random.between(0, most); };
  switch (random.below(8)) {
    case 0: return CloseSemester{};
    case 1:
    case 2: return ReopenSemester{};
    case 3: {
      const auto classrooms = rooms(80);
      return ResizeSemester{{classrooms, rooms(30), rooms(classrooms)}};
    }
    case 4:
    case 5: return AmendGrant{draw_program(), {rooms(12), rooms(6)}, random.chance(0.5)};
    default: return ReleaseGrant{draw_program()};
  }
}

void Registrar::begin(Stage stage) {
  stage_ = stage;
  command_.is_dry_run = stage == Stage::kReading || stage == Stage::kDryRun;
  is_open_ = true;
  send();
}

void Registrar::send() {
  const auto number = ++number_;
  auto* const server = servers_[world_.random.below(servers_.size())];
  const auto reply = [this, server, number](const CommandOutcome& outcome) {
    network_.send(server->index(), node_,
                  [this, number, outcome] { on_reply(number, std::get<OfficeOutcome>(outcome)); });
  };
  network_.send(node_, server->index(), [server, command = command_, reply] { server->deliver(command, reply); });
  world_.after(kReplyTimeout, [this, number] {
    if (is_open_ && number == number_) send();
  });
}

void Registrar::send_later() {
  const auto number = ++number_;
  world_.after(world_.time_between(kPauseLeast, kPauseMost), [this, number] {
    if (is_open_ && number == number_) send();
  });
}

void Registrar::on_reply(std::uint64_t number, const OfficeOutcome& outcome) {
  if (!is_open_ || number != number_) return;
  if (outcome.error && may_retry(outcome.error->status)) return send_later();
  is_open_ = false;
  if (stage_ == Stage::kLateCopy) check_late_copy(outcome);
  if (stage_ == Stage::kReading) command_.expects = outcome.seq;
  if (stage_ == Stage::kCommand) has_changed_ = outcome.seq != command_.expects;
  const auto stage = next_stage(outcome);
  world_.after(world_.time_between(kPauseLeast, kPauseMost), [this, stage] { stage ? begin(*stage) : command_next(); });
}

/// A person whose dry run was refused sometimes sends the command nevertheless.
std::optional<Registrar::Stage> Registrar::next_stage(const OfficeOutcome& outcome) {
  auto& random = world_.random;
  switch (stage_) {
    case Stage::kReading: return random.chance(0.5) ? Stage::kDryRun : Stage::kCommand;
    case Stage::kDryRun: return outcome.error && random.chance(0.5) ? std::nullopt : std::optional{Stage::kCommand};
    case Stage::kCommand: return !outcome.error && random.chance(0.4) ? std::optional{Stage::kLateCopy} : std::nullopt;
    case Stage::kLateCopy: break;
  }
  return std::nullopt;
}

/// The command was done: a late copy changes nothing. It is known again, or others have changed the same since.
void Registrar::check_late_copy(const OfficeOutcome& outcome) {
  const auto status = outcome.error ? outcome.error->status : Status::kOk;
  if (status == Status::kConflict) return world_.cells.reach("office/late-copy-after-a-colleague");
  if (status == Status::kInvalidSemester) return;  // a colleague has closed it
  if (status != Status::kOk && has_changed_) {
    world_.violate("repeats-are-equal", "a late copy of command " + command_.id + " got " + outcome.error->detail);
  }
}

}  // namespace dti::simulation
