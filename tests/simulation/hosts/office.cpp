#include "simulation/hosts/office.hpp"

#include <algorithm>
#include <utility>

namespace dti::simulation {
namespace {

constexpr Time kReplyTimeout{3'000'000};
constexpr Time kPauseLeast{1'000};
constexpr Time kPauseMost{2'500'000};

}  // namespace

Office::Office(World& world, const Plan& plan, Network& network, std::shared_ptr<MemoryStore> stored,
               std::vector<ServerHost*> servers, Node node)
    : world_(world),
      plan_(plan),
      network_(network),
      stored_(std::move(stored)),
      servers_(std::move(servers)),
      node_(node) {}

void Office::start() {
  world_.after(world_.time_between(Time{0}, plan_.troubled / 2), [this] { command_next(); });
}

void Office::command_next() {
  if (world_.now() >= plan_.troubled) return;
  draw_command();
  is_open_ = true;
  send();
}

void Office::draw_command() {
  auto& random = world_.random;
  const auto& semester = random.pick(plan_.semesters);
  command_ = {semester.name, semester.capacity};
  const bool is_stored = stored_->find_semester(semester.name).has_value();
  kind_ = is_stored ? Kind::kRepeats : Kind::kOpens;
  const auto which = random.below(8);
  if (which == 0) {
    kind_ = Kind::kBadName;
    command_.name += " ";
  } else if (is_stored && which == 1) {
    kind_ = Kind::kLooksAlike;
    std::replace(command_.name.begin(), command_.name.end(), '-', '_');
  } else if (is_stored && which == 2) {
    kind_ = Kind::kOtherNumbers;
    ++command_.capacity.labs;
  }
}

void Office::send() {
  const auto number = ++number_;
  auto* const server = servers_[world_.random.below(servers_.size())];
  const auto reply = [this, server, number](const CommandOutcome& outcome) {
    network_.send(server->index(), node_,
                  [this, number, outcome] { on_reply(number, std::get<OpenSemesterOutcome>(outcome)); });
  };
  network_.send(node_, server->index(), [server, command = command_, reply] { server->deliver(command, reply); });
  world_.after(kReplyTimeout, [this, number] {
    if (is_open_ && number == number_) send();
  });
}

void Office::send_later() {
  const auto number = ++number_;
  world_.after(world_.time_between(kPauseLeast, kPauseMost), [this, number] {
    if (is_open_ && number == number_) send();
  });
}

void Office::on_reply(std::uint64_t number, const OpenSemesterOutcome& outcome) {
  if (!is_open_ || number != number_) return;
  if (outcome.error && may_retry(outcome.error->status)) return send_later();
  check(outcome);
  is_open_ = false;
  world_.after(world_.time_between(kPauseLeast, kPauseMost), [this] { command_next(); });
}

/// A colleague has closed the semester, at least for a while.
bool Office::has_been_closed() const {
  const auto semester = stored_->find_semester(command_.name);
  if (!semester) return false;
  const auto entries = stored_->entries(semester->id);
  const auto closes = [](const auto& stored) { return stored.entry.kind == EntryKind::kSemesterClosed; };
  return std::any_of(entries.begin(), entries.end(), closes);
}

void Office::check(const OpenSemesterOutcome& outcome) {
  const bool must_succeed = kind_ == Kind::kOpens || kind_ == Kind::kRepeats;
  if (must_succeed && outcome.error && has_been_closed()) return;
  if (must_succeed == outcome.error.has_value()) {
    return world_.violate("commands-are-answered-right", "the office was told of semester " + command_.name + ": " +
                                                             (outcome.error ? outcome.error->detail : "it is open"));
  }
  world_.cells.reach(kind_ == Kind::kOpens          ? "command/opened"
                     : kind_ == Kind::kRepeats      ? "command/repeated"
                     : kind_ == Kind::kLooksAlike   ? "command/looks-alike"
                     : kind_ == Kind::kOtherNumbers ? "command/other-numbers"
                                                    : "command/bad-name");
}

}  // namespace dti::simulation
