#include "simulation/faculty_host.hpp"

#include <algorithm>
#include <string_view>
#include <variant>

#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/room_codec.hpp"
#include "transport/zeromq/envelope.hpp"

namespace dti::simulation {

FacultyHost::FacultyHost(World& world, const Plan& plan, Network& network, Checks& checks, Node node, std::string name,
                         std::vector<ServerHost*> servers)
    : world_(world),
      plan_(plan),
      network_(network),
      checks_(checks),
      node_(node),
      name_(std::move(name)),
      servers_(std::move(servers)) {}

void FacultyHost::start() {
  if (process_) return;
  ++incarnation_;
  auto options = plan_.faculty;
  options.name = name_;
  for (const auto* server : servers_) options.client.endpoints.push_back(server->name() + ":6000");
  process_ = std::make_unique<Process>(
      std::move(options), [this] { return world_.random.next(); }, servers_.size());
}

void FacultyHost::crash() {
  if (!process_) return;
  if (process_->service.waiting_count() > 0) world_.cells.reach("faculty/crashed-with-programs-waiting");
  world_.trace(name_, "is killed");
  process_.reset();
  world_.after(world_.time_between(Time{10'000}, Time{2'000'000}), [this] { start(); });
}

void FacultyHost::heal() { start(); }

void FacultyHost::deliver(const Frames& frames, std::function<void(const Frames&)> reply) {
  if (!process_) return;
  const std::vector<std::string_view> views(frames.begin(), frames.end());
  auto unpacked = unpack(views);
  const auto decoded = decode_room_request(unpacked.body);
  if (const auto* malformed = std::get_if<MalformedRoomRequest>(&decoded)) {
    process_->service.on_malformed_request(malformed->semester, malformed->program_name, local_now());
    perform_actions();
    return reply({encode_room_answer({.status = Status::kInvalidRequest, .grant = {}, .detail = malformed->detail})});
  }
  const auto& request = std::get<RoomRequest>(decoded);
  const auto token = ++process_->tokens;
  process_->waiting.emplace(token, Waiting{request, std::move(unpacked.envelope), std::move(reply)});
  process_->service.on_room_request(token, request, local_now());
  perform_actions();
}

void FacultyHost::schedule_tick() {
  const auto at = process_->service.wake_at();
  if (!at || at == process_->tick_at) return;
  process_->tick_at = at;
  const auto delay = std::max(Time{0}, std::chrono::ceil<Time>(*at - local_now()));
  world_.after(delay, [this, at, incarnation = incarnation_] {
    if (incarnation != incarnation_ || !process_ || process_->tick_at != at) return;
    process_->tick_at.reset();
    process_->service.on_tick(local_now());
    perform_actions();
  });
}

void FacultyHost::perform_actions() {
  for (auto& action : process_->service.take_actions()) {
    if (const auto* room_answer = std::get_if<SendRoomAnswer>(&action)) {
      answer(*room_answer);
    } else if (const auto* request = std::get_if<SendRequest>(&action)) {
      ask(*request);
    } else if (const auto* reset = std::get_if<ResetEndpoint>(&action)) {
      end_connection(reset->endpoint);
    } else if (const auto* event = std::get_if<LogEvent>(&action)) {
      if (event->event == "batch-given-up") world_.cells.reach("faculty/gave-up");
      world_.trace(name_, event->event + ": " + event->message);
    }
  }
  schedule_tick();
}

void FacultyHost::ask(const SendRequest& action) {
  const auto server = action.endpoint;
  if (server > 0) world_.cells.reach("faculty/next-server");
  auto* const host = servers_[server];
  if (!process_->connected[server]) {
    process_->connected[server] = true;
    process_->service.on_connected(server, local_now());
  }
  const Frames frames{encode_allocation_request(action.request)};
  world_.trace(name_, "asks " + host->name() + " " + frames[0]);
  const auto reply = [this, server, host, connection = process_->connections[server],
                      incarnation = incarnation_](const Frames& replied) {
    network_.send(host->index(), node_, [this, server, connection, incarnation, replied] {
      if (process_ && incarnation == incarnation_) on_reply(server, connection, replied);
    });
  };
  network_.send(
      node_, host->index(),
      [this, host, frames, reply, server, connection = process_->connections[server], incarnation = incarnation_] {
        if (host->runs()) return host->deliver(frames, reply);
        network_.send(host->index(), node_, [this, server, connection, incarnation] {
          if (process_ && incarnation == incarnation_) on_refused_connection(server, connection);
        });
      });
}

void FacultyHost::on_refused_connection(std::size_t server, std::uint64_t connection) {
  if (connection != process_->connections[server]) return;
  world_.cells.reach("faculty/server-not-there");
  end_connection(server);
  process_->service.on_connection_lost(server, "the server is not there", local_now());
  perform_actions();
}

void FacultyHost::end_connection(std::size_t server) {
  ++process_->connections[server];
  process_->connected[server] = false;
}

void FacultyHost::on_reply(std::size_t server, std::uint64_t connection, const Frames& frames) {
  if (connection != process_->connections[server]) return world_.cells.reach("reply/of-a-connection-that-is-gone");
  const std::vector<std::string_view> views(frames.begin(), frames.end());
  const auto reply = decode_allocation_reply(unpack(views).body);
  if (!reply) return world_.violate("replies-are-readable", name_ + " could not read a reply");
  const auto waiting_before = process_->service.waiting_count();
  process_->service.on_reply(server, *reply, local_now());
  if (process_->service.waiting_count() == waiting_before) world_.cells.reach("faculty/late-reply");
  perform_actions();
}

void FacultyHost::answer(const SendRoomAnswer& action) {
  const auto found = process_->waiting.find(action.token);
  if (found == process_->waiting.end()) {
    return world_.violate("one-answer-a-program", name_ + " answered a program twice");
  }
  const auto waiting = std::move(found->second);
  process_->waiting.erase(found);
  checks_.on_room_answer(name_, waiting.request, action.answer);
  const auto body = encode_room_answer(action.answer);
  world_.trace(name_, "tells " + waiting.request.program_name + " " + body);
  Frames frames = waiting.envelope.before;
  frames.push_back(body);
  if (waiting.envelope.after) frames.push_back(*waiting.envelope.after);
  waiting.reply(frames);
}

}  // namespace dti::simulation
