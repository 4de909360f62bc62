#include "simulation/hosts/clients.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/room_codec.hpp"
#include "transport/zeromq/envelope.hpp"

namespace dti::simulation {
namespace {

constexpr Time kProgramTimeout{40'000'000};  // longer than a faculty gathers and tries
constexpr Time kReplyTimeout{3'000'000};
constexpr Time kPauseLeast{50'000};  // before asking again
constexpr Time kPauseMost{1'500'000};

Want draw_want(Random& random) {
  const auto classrooms = random.between(0, 12);
  return {.classrooms = classrooms, .labs = random.between(0, 6)};
}

/// Few lengths, so that a faculty gathers programs that ask for the same one.
std::int64_t draw_hold_seconds(Random& random, const Plan& plan) {
  constexpr std::array<std::int64_t, 6> kSeconds = {1, 2, 3, 5, 10, 20};
  return random.chance(plan.holds) ? kSeconds.at(random.below(kSeconds.size())) : 0;
}

std::string_view body_of(const Frames& frames) {
  const std::vector<std::string_view> views(frames.begin(), frames.end());
  return unpack(views).body;  // points into the frames
}

}  // namespace

// Programs.

ProgramClient::ProgramClient(World& world, const Plan& plan, Names& names, Network& network, Checks& checks,
                             FacultyHost& faculty, Node node, std::size_t faculty_index, std::size_t program_index)
    : world_(world),
      plan_(plan),
      names_(names),
      network_(network),
      checks_(checks),
      faculty_(faculty),
      node_(node),
      faculty_index_(faculty_index),
      program_index_(program_index) {
  for (std::size_t i = 0; i < plan.semesters.size(); ++i) wants_.push_back(draw_want(world.random));
}

void ProgramClient::start() {
  world_.after(world_.time_between(Time{0}, plan_.troubled / 2), [this] { ask_next(); });
}

void ProgramClient::ask_next() {
  if (world_.now() >= plan_.troubled) return;
  asks_.push_back({draw_request(), 0, true});
  ++open_asks_;
  ask(asks_.size() - 1);
  world_.after(world_.time_between(kPauseLeast, plan_.troubled / 4), [this] { ask_next(); });
}

void ProgramClient::ask_last() {
  for (std::size_t i = 0; i < wants_.size(); ++i) {
    asks_.push_back({{.program_name = names_.program(faculty_index_, program_index_),
                      .semester = plan_.semesters[i].name,
                      .want = wants_[i],
                      .client_id = {},
                      .hold_seconds = draw_hold_seconds(world_.random, plan_)},
                     0,
                     true});
    ++open_asks_;
    ask(asks_.size() - 1);
  }
}

RoomRequest ProgramClient::draw_request() {
  auto& random = world_.random;
  RoomRequest request;
  const auto semester = random.below(wants_.size());
  request.semester = plan_.semesters[semester].name;
  request.want = wants_[semester];
  request.program_name = names_.program(faculty_index_, program_index_);
  const auto which = random.below(12);
  if (which < 3) request.program_name = names_.respelled_program(faculty_index_, program_index_, random);
  if (which == 4 || which == 0) request.want = draw_want(random);
  if (which == 5) request.program_name = Names::unknown(random);
  if (which == 6) request.semester = "2031-30";
  request.hold_seconds = draw_hold_seconds(random, plan_);
  return request;
}

void ProgramClient::ask(std::size_t index) {
  auto& ask = asks_[index];
  const auto number = ++ask.number;
  Frames frames{encode_room_request(ask.request)};
  if (world_.random.chance(0.5)) frames.insert(frames.begin(), "");  // as a REQ does
  const auto reply = [this, index, number](const Frames& replied) {
    network_.send(faculty_.node(), node_, [this, index, number, replied] { on_answer(index, number, replied); });
  };
  network_.send(node_, faculty_.node(), [this, frames, reply] { faculty_.deliver(frames, reply); });
  world_.after(kProgramTimeout, [this, index, number] {
    if (!asks_[index].is_open || asks_[index].number != number) return;
    world_.cells.reach("program/asked-again-after-silence");
    this->ask(index);
  });
}

void ProgramClient::ask_later(std::size_t index, Time least, Time most) {
  const auto number = ++asks_[index].number;
  world_.after(world_.time_between(least, most), [this, index, number] {
    if (asks_[index].is_open && asks_[index].number == number) ask(index);
  });
}

void ProgramClient::on_answer(std::size_t index, std::uint64_t number, const Frames& frames) {
  auto& ask = asks_[index];
  const auto answer = decode_room_answer(body_of(frames));
  if (!answer) return world_.violate("replies-are-readable", "a program could not read its answer");
  checks_.on_room_answer(faculty_.name(), ask.request, *answer);
  if (!ask.is_open || ask.number != number) return;
  if (may_retry(answer->status)) {
    world_.cells.reach("program/asked-again-after-a-refusal");
    return ask_later(index, kPauseLeast, kPauseMost);
  }
  ask.is_open = false;
  --open_asks_;
}

std::string ProgramClient::waits_for() const {
  for (const auto& ask : asks_) {
    if (ask.is_open) return faculty_.name() + " " + encode_room_request(ask.request);
  }
  return {};
}

// Who is hostile.

HostileClient::HostileClient(World& world, const Plan& plan, Names& names, Network& network,
                             std::vector<ServerHost*> servers, Node node)
    : world_(world), plan_(plan), names_(names), network_(network), servers_(std::move(servers)), node_(node) {}

void HostileClient::start() {
  world_.after(world_.time_between(Time{0}, Time{2'000'000}), [this] { ask_next(); });
}

void HostileClient::ask_next() {
  if (world_.now() >= plan_.troubled) return;
  const bool is_late_copy = number_ > 0 && world_.random.chance(0.2);
  if (!is_late_copy) frames_ = draw_message();
  is_open_ = true;
  ask();
}

AllocationRequest HostileClient::draw_request() {
  auto& random = world_.random;
  AllocationRequest request;
  request.semester = random.chance(0.05) ? "1999-10" : random.pick(plan_.semesters).name;
  const auto faculty = random.below(names_.faculty_count());
  request.faculty_name = random.chance(0.5) ? names_.respelled_faculty(faculty, random) : names_.faculty(faculty);
  if (random.chance(0.1)) request.faculty_name = Names::unknown(random);
  if (random.chance(0.7)) request.request_id = "hostile-" + std::to_string(random.next());
  request.hold_seconds = draw_hold_seconds(random, plan_);
  const auto count = random.below(5);
  for (std::size_t i = 0; i < count; ++i) {
    const auto program = random.below(names_.programs_each());
    auto name = names_.program(faculty, program);
    const auto which = random.below(6);
    if (which == 0) name = names_.respelled_program(faculty, program, random);
    if (which == 1) name = Names::unknown(random);
    request.programs.push_back({"id-" + std::to_string(random.below(3)), name, draw_want(random)});
  }
  return request;
}

Frames HostileClient::draw_message() {
  auto& random = world_.random;
  auto body = encode_allocation_request(draw_request());
  if (random.chance(0.1)) body.resize(random.below(body.size()));
  switch (random.below(4)) {
    case 0: return {"", body};
    case 1: return {body, "client-7"};
    case 2: return {"id", "", body};
    default: return {body};
  }
}

void HostileClient::ask() {
  const auto number = ++number_;
  auto* const server = servers_[world_.random.below(servers_.size())];
  const auto reply = [this, server, number](const Frames& frames) {
    network_.send(server->index(), node_, [this, number, frames] { on_reply(number, frames); });
  };
  network_.send(node_, server->index(), [server, frames = frames_, reply] { server->deliver(frames, reply); });
  world_.after(kReplyTimeout, [this, number] {
    if (is_open_ && number == number_) ask();
  });
}

void HostileClient::on_reply(std::uint64_t number, const Frames& frames) {
  if (!is_open_ || number != number_) return;
  if (frames.size() != frames_.size()) world_.violate("envelopes", "a reply came in another envelope");
  const auto reply = decode_allocation_reply(body_of(frames));
  if (!reply) return world_.violate("replies-are-readable", "a client could not read its reply");
  const auto pause = world_.time_between(Time{1'000}, kPauseMost);
  if (reply->error && may_retry(reply->error->status)) {
    ++number_;
    return world_.after(pause, [this, again = number_] {
      if (is_open_ && again == number_) ask();
    });
  }
  is_open_ = false;
  world_.after(pause, [this] { ask_next(); });
}

}  // namespace dti::simulation
