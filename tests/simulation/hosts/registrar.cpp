#include "simulation/hosts/registrar.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "dti/service/ledger/round_terms.hpp"

namespace dti::simulation {
namespace {

constexpr Time kReplyTimeout{1'000'000};
constexpr Time kPauseLeast{1'000};

}  // namespace

Registrar::Registrar(World& world, const Plan& plan, const Names& names, Network& network,
                     std::shared_ptr<MemoryStore> stored, std::vector<ServerHost*> servers, Node node)
    : world_(world),
      plan_(plan),
      names_(names),
      network_(network),
      stored_(std::move(stored)),
      servers_(std::move(servers)),
      node_(node) {}

void Registrar::start() {
  world_.after(world_.time_between(Time{0}, plan_.troubled / 4), [this] { command_next(); });
}

void Registrar::command_next() {
  if (world_.now() >= plan_.troubled) return;
  command_ = {};
  command_.id = "command-" + std::to_string(node_) + "-" + std::to_string(++command_count_);
  command_.actor = "local/" + std::to_string(node_);
  command_.semester = draw_semester();
  if (world_.random.chance(plan_.retirements)) {
    command_.catalog = ChangeCatalog{hex_text(stored_->chain_heads().store), {}, ChangeProgram{draw_program(), {}}};
  } else {
    command_.change = draw_change();
  }
  command_.expects = 0;
  begin(Stage::kReading);
}

/// Often one that is open, as far as the office knows.
const std::string& Registrar::draw_semester() {
  auto& random = world_.random;
  std::vector<const std::string*> open;
  for (const auto& semester : plan_.semesters) {
    const auto stored = stored_->find_semester(semester.name);
    if (stored && stored->is_open) open.push_back(&semester.name);
  }
  return !open.empty() && random.chance(0.8) ? *random.pick(open) : random.pick(plan_.semesters).name;
}

/// Often one that was granted something, as the office sees in its lists.
ProgramName Registrar::draw_program() {
  auto& random = world_.random;
  auto granted = entries();
  std::erase_if(granted, [](const auto& stored) { return stored.entry.kind != EntryKind::kGranted; });
  if (!granted.empty() && random.chance(0.7)) {
    const auto program = MemoryRepository{stored_}.survey().catalog.at(random.pick(granted).entry.program_id - 1);
    return {program.faculty_name, program.name};
  }
  const auto& row = random.pick(names_.rows());
  return {row.faculty, random.chance(0.05) ? Names::unknown(random) : row.program};
}

/// Often one that has got a hold lately.
ProgramName Registrar::draw_holder() {
  constexpr std::size_t kLately = 5;
  auto& random = world_.random;
  auto held = entries();
  std::erase_if(held, [](const auto& stored) { return stored.entry.expires_at == 0; });
  if (held.empty() || random.chance(0.1)) return draw_program();
  const auto back = 1 + random.below(std::min(held.size(), kLately));
  const auto program = MemoryRepository{stored_}.survey().catalog.at(held[held.size() - back].entry.program_id - 1);
  return {program.faculty_name, program.name};
}

OfficeCommand::Change Registrar::draw_about_hold() {
  auto& random = world_.random;
  const auto of = draw_holder();
  switch (random.below(6)) {
    case 0: return ConfirmHold{of, {}};
    case 1:
    case 2: return ConfirmHold{of, Want{random.between(0, 8), random.between(0, 4)}};
    case 3: return CancelHold{of};
    default: return ExtendHold{of, random.chance(0.05) ? 30 * 24 * 3600 : random.between(1, 30)};
  }
}

/// A plan for some programs of the catalogue, also for those that hold a grant. The policy is first-come, which draws no lots: they
/// rest on seals, and seals on numbers that are not of the seed.
RoundPlan Registrar::draw_plan_of_round() {
  auto& random = world_.random;
  RoundPlan plan{hex_text(stored_->chain_heads().store), command_.semester, "first-come", {}};
  for (const auto& program : MemoryRepository{stored_}.survey().catalog) {
    if (!random.chance(0.6)) continue;
    Ask ask;
    ask.program = program.id;
    ask.want = {random.between(0, 6), random.between(0, 4)};
    plan.asks.push_back(ask);
  }
  return plan;
}

bool Registrar::has_open_round(const std::string& name) const {
  const auto semester = stored_->find_semester(name);
  if (!semester) return false;
  const auto stored = stored_->entries(semester->id);
  const auto last = std::find_if(stored.rbegin(), stored.rend(), [](const auto& one) {
    return one.entry.kind == EntryKind::kRoundOpened || one.entry.kind == EntryKind::kRound;
  });
  return last != stored.rend() && last->entry.kind == EntryKind::kRoundOpened;
}

/// Opens a round, or runs the one that was opened last; sometimes with another secret or another file.
OfficeCommand::Change Registrar::draw_round() {
  auto& random = world_.random;
  const bool is_open = round_ && has_open_round(round_->plan.semester);
  if (!round_ || random.chance(is_open ? 0.1 : 0.8)) {
    if (has_open_round(command_.semester) && random.chance(0.7)) return ReopenSemester{};  // a colleague has opened it

    RunRound round{draw_plan_of_round(), {}};
    if (round.plan.asks.empty()) return ReopenSemester{};
    for (int i = 0; i < 64; ++i) round.secret += "0123456789abcdef"[random.below(16)];
    round_ = std::move(round);
    const RoundSecret secret{parse_seal(round_->secret)->bytes};
    return OpenRound{hex_text(commitment_of(secret, hash_of(round_->plan)))};
  }
  command_.semester = round_->plan.semester;
  auto round = *round_;
  const auto which = random.below(12);
  if (which == 0) std::reverse(round.secret.begin(), round.secret.end());
  if (which == 1) ++round.plan.asks.front().want.classrooms;
  return round;
}

/// Often a little more or less than the semester has, so that rooms become free in small numbers.
ResizeSemester Registrar::draw_capacity() {
  auto& random = world_.random;
  const auto semester = stored_->find_semester(command_.semester);
  Capacity capacity;
  if (semester && random.chance(0.7)) {
    capacity = semester->capacity;
    capacity.classrooms = std::max<Quantity>(0, capacity.classrooms + random.between(-2, 4));
    capacity.labs = std::max<Quantity>(0, capacity.labs + random.between(-1, 3));
    capacity.conversions = std::clamp<Quantity>(capacity.conversions + random.between(-1, 3), 0, capacity.classrooms);
  } else {
    capacity.classrooms = random.between(0, 80);
    capacity.labs = random.between(0, 30);
    capacity.conversions = random.between(0, capacity.classrooms);
  }
  return {capacity};
}

/// Often less than the faculty wants, and sometimes less than it holds.
SetQuota Registrar::draw_quota() {
  auto& random = world_.random;
  const auto draw_limit = [&](std::int64_t most) {
    if (random.chance(0.3)) return QuotaLimit{};
    return QuotaLimit{static_cast<std::int32_t>(random.between(0, most)), random.chance(0.3)};
  };
  SetQuota set{random.pick(names_.rows()).faculty, {}};
  const auto programs = static_cast<std::int64_t>(names_.programs_each());
  set.quota.classrooms = draw_limit(8 * programs);
  set.quota.labs = draw_limit(4 * programs);
  return set;
}

std::vector<MemoryStore::Entry> Registrar::entries() const {
  const auto semester = stored_->find_semester(command_.semester);
  return semester ? stored_->entries(semester->id) : std::vector<MemoryStore::Entry>{};
}

bool Registrar::has_wait_list() const {
  const auto stored = entries();
  const auto last = std::find_if(stored.rbegin(), stored.rend(),
                                 [](const auto& one) { return one.entry.kind == EntryKind::kSetting; });
  return last != stored.rend() && last->entry.setting == SemesterSetting::kWaitListOn;
}

Time Registrar::draw_pause() { return world_.time_between(kPauseLeast, plan_.registrar_pause_most); }

OfficeCommand::Change Registrar::draw_change() {
  auto& random = world_.random;
  const auto rooms = [&](std::int64_t most) { return random.between(0, most); };
  if (plan_.has_wait_lists && random.chance(0.5) && !has_wait_list()) return SetWaitList{true};
  if (random.chance(0.6 * plan_.holds)) return draw_about_hold();
  if (random.chance(0.1)) return draw_round();
  switch (random.below(20)) {
    case 0: return CloseSemester{static_cast<OpenHoldsAtClose>(random.below(3))};
    case 1:
    case 2: return ReopenSemester{};
    case 3:
    case 4:
    case 5: return draw_capacity();
    case 6:
    case 7:
    case 8:
    case 9: return AmendGrant{draw_program(), {rooms(12), rooms(6)}, random.chance(0.5)};
    case 10:
    case 18: return LeaveWaitList{draw_program()};
    case 11: return SetWaitList{random.chance(0.5)};
    case 12:
    case 13: return draw_quota();
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
  const bool knows = leader_ != nullptr && world_.random.chance(0.8);
  auto* const server = knows ? leader_ : servers_[world_.random.below(servers_.size())];
  const auto reply = [this, server, number](const CommandOutcome& outcome) {
    network_.send(server->index(), node_,
                  [this, number, server, outcome] { on_reply(number, *server, std::get<OfficeOutcome>(outcome)); });
  };
  network_.send(node_, server->index(), [server, command = command_, reply] { server->deliver(command, reply); });
  world_.after(kReplyTimeout, [this, number] {
    if (is_open_ && number == number_) send();
  });
}

void Registrar::send_later() {
  const auto number = ++number_;
  world_.after(draw_pause(), [this, number] {
    if (is_open_ && number == number_) send();
  });
}

void Registrar::on_reply(std::uint64_t number, ServerHost& server, const OfficeOutcome& outcome) {
  if (!is_open_ || number != number_) return;
  leader_ = outcome.error && may_retry(outcome.error->status) ? nullptr : &server;
  if (outcome.error && may_retry(outcome.error->status)) return send_later();
  is_open_ = false;
  if (stage_ == Stage::kLateCopy) check_late_copy(outcome);
  // Without an error there is no entry yet, as the reading expects, and the reply tells what the command would make of it.
  if (stage_ == Stage::kReading) command_.expects = outcome.error ? outcome.seq : 0;
  if (stage_ == Stage::kCommand) has_changed_ = outcome.seq != command_.expects;
  const auto stage = next_stage(outcome);
  world_.after(draw_pause(), [this, stage] { stage ? begin(*stage) : command_next(); });
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
  const bool is_end_of_hold =
      status == Status::kHoldConfirmed || status == Status::kHoldCancelled || status == Status::kHoldExpired;
  if (status == Status::kConflict || is_end_of_hold) return world_.cells.reach("office/late-copy-after-a-colleague");
  if (status == Status::kInvalidSemester) return;  // a colleague has closed it
  if (status != Status::kOk && has_changed_) {
    world_.violate("repeats-are-equal", "a late copy of command " + command_.id + " got " + outcome.error->detail);
  }
}

}  // namespace dti::simulation
