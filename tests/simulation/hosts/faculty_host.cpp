#include "simulation/hosts/faculty_host.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <variant>

#include "dti/protocol/room_codec.hpp"
#include "dti/service/faculty/faculty_service.hpp"
#include "transport/faculty/program_handler.hpp"
#include "transport/zeromq/envelope.hpp"

namespace dti::simulation {
namespace {

constexpr Time kConnectTime{2'000'000};  // as ServerConnection has it, for one address

}  // namespace

/// The messages of programs that have arrived, and the way back to those who wait.
class FacultyHost::Port : public MessagePort {
 public:
  explicit Port(FacultyHost& host) : host_(host) {}

  void deliver(const Frames& frames, std::function<void(const Frames&)> reply) {
    inbox_.emplace_back(frames, std::move(reply));
  }
  std::optional<PeerMessage> receive() override;
  void reply(Token token, std::string_view body, SteadyTime now) override;
  void forget(Token token) override { waiting_.erase(token); }
  [[nodiscard]] std::size_t waiting_bytes() const override { return 0; }

 private:
  struct Waiting {
    std::optional<RoomRequest> request;  // none: it was malformed
    Envelope envelope;
    std::function<void(const Frames&)> reply;
  };

  FacultyHost& host_;
  std::deque<std::pair<Frames, std::function<void(const Frames&)>>> inbox_;
  std::map<Token, Waiting> waiting_;
  Token last_token_ = 0;
  Frames frames_;  // of the message that was received last
};

class FacultyHost::Links : public ServerLinks {
 public:
  explicit Links(FacultyHost& host) : host_(host) {}

  void connect(std::size_t server, SteadyTime /*now*/) override { host_.connect(server); }
  bool send(std::size_t server, std::string_view body) override { return host_.ask(server, body); }
  void reset(std::size_t server) override { host_.end_connection(server); }

 private:
  FacultyHost& host_;
};

struct FacultyHost::Connection {
  enum class State { kNone, kConnecting, kConnected };
  std::uint64_t number = 0;  // which connection to the server it is
  State state = State::kNone;
};

struct FacultyHost::Process {
  Process(FacultyHost& host, const FacultyOptions& options)
      : port(host),
        links(host),
        service(options, [&host] { return host.world_.random.next(); }),
        programs(port, links, service, options.client.endpoints, [&host](const LogEvent& event) { host.note(event); }),
        connections(options.client.endpoints.size()) {}

  Port port;
  Links links;
  FacultyService service;
  ProgramHandler programs;
  std::vector<Connection> connections;  // by server
  std::optional<SteadyTime> tick_at;
};

FacultyHost::FacultyHost(World& world, const Plan& plan, Network& network, Checks& checks, Node node, std::string name,
                         std::vector<ServerHost*> servers)
    : world_(world),
      plan_(plan),
      network_(network),
      checks_(checks),
      node_(node),
      name_(std::move(name)),
      servers_(std::move(servers)) {}

FacultyHost::~FacultyHost() = default;

void FacultyHost::start() {
  if (process_) return;
  ++incarnation_;
  auto options = plan_.faculty;
  options.name = name_;
  for (const auto* server : servers_) options.client.endpoints.push_back(server->name() + ":6000");
  process_ = std::make_unique<Process>(*this, options);
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
  process_->port.deliver(frames, std::move(reply));
  while (process_->programs.handle_next(local_now())) continue;
  perform_actions();
}

std::optional<PeerMessage> FacultyHost::Port::receive() {
  if (inbox_.empty()) return std::nullopt;
  auto [frames, reply] = std::move(inbox_.front());
  inbox_.pop_front();
  frames_ = std::move(frames);
  const std::vector<std::string_view> views(frames_.begin(), frames_.end());
  auto unpacked = unpack(views);
  auto decoded = decode_room_request(unpacked.body);
  auto* const request = std::get_if<RoomRequest>(&decoded);
  const Token token = ++last_token_;
  waiting_.emplace(token, Waiting{request ? std::optional{std::move(*request)} : std::nullopt,
                                  std::move(unpacked.envelope), std::move(reply)});
  return PeerMessage{.token = token, .peer = {}, .body = unpacked.body, .is_too_long = unpacked.too_many_frames};
}

void FacultyHost::Port::reply(Token token, std::string_view body, SteadyTime /*now*/) {
  const auto found = waiting_.extract(token);
  if (found.empty()) {
    return host_.world_.violate("one-answer-a-program", host_.name_ + " answered a program twice");
  }
  const auto& waiting = found.mapped();
  if (waiting.request) {
    const auto answer = decode_room_answer(body);
    if (!answer) return host_.world_.violate("replies-are-readable", host_.name_ + " sent no answer");
    host_.checks_.on_room_answer(host_.name_, *waiting.request, *answer);
    host_.world_.trace(host_.name_, "tells " + waiting.request->program_name + " " + std::string{body});
  }
  Frames frames = waiting.envelope.before;
  frames.emplace_back(body);
  if (waiting.envelope.after) frames.push_back(*waiting.envelope.after);
  waiting.reply(frames);
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
  process_->programs.perform_actions(local_now());
  schedule_tick();
}

void FacultyHost::note(const LogEvent& event) {
  if (event.event == "batch-given-up") world_.cells.reach("faculty/gave-up");
  if (event.event == "reply-skipped") world_.violate("replies-are-readable", name_ + " could not read a reply");
  world_.trace(name_, event.event + ": " + event.message);
}

void FacultyHost::connect(std::size_t server) {
  auto& connection = process_->connections[server];
  if (connection.state != Connection::State::kNone) return;
  connection.state = Connection::State::kConnecting;
  auto* const host = servers_[server];
  // If the connection and the process are still the same then.
  const auto later = [this, server, number = connection.number,
                      incarnation = incarnation_](auto react) -> std::function<void()> {
    return [this, server, number, incarnation, react] {
      if (process_ && incarnation == incarnation_ && number == process_->connections[server].number) react();
    };
  };
  const auto accepted = later([this, server] { on_connected(server); });
  const auto refused = later([this, server] { lose_connection(server, "the server is not there"); });
  const auto too_late = later([this, server] {
    if (process_->connections[server].state == Connection::State::kConnected) return;
    world_.cells.reach("faculty/no-connection-in-time");
    lose_connection(server, "the server did not answer the attempt to connect");
  });
  network_.send(node_, host->index(), [this, host, accepted, refused] {
    network_.send(host->index(), node_, host->runs() ? accepted : refused);
  });
  world_.after(kConnectTime, too_late);
}

void FacultyHost::on_connected(std::size_t server) {
  auto& connection = process_->connections[server];
  if (connection.state != Connection::State::kConnecting) return;  // the network delivered it twice
  connection.state = Connection::State::kConnected;
  process_->programs.handle_connection(server, "", local_now());
  perform_actions();
}

bool FacultyHost::ask(std::size_t server, std::string_view body) {
  if (process_->connections[server].state != Connection::State::kConnected) {
    world_.violate("sent-over-a-connection", name_ + " sends a request without a connection");
    return false;
  }
  if (server > 0) world_.cells.reach("faculty/next-server");
  auto* const host = servers_[server];
  const Frames frames{std::string{body}};
  world_.trace(name_, "asks " + host->name() + " " + frames[0]);
  const auto reply = [this, server, host, connection = process_->connections[server].number,
                      incarnation = incarnation_](const Frames& replied) {
    network_.send(host->index(), node_, [this, server, connection, incarnation, replied] {
      if (process_ && incarnation == incarnation_) on_reply(server, connection, replied);
    });
  };
  network_.send(node_, host->index(),
                [this, host, frames, reply, server, connection = process_->connections[server].number,
                 incarnation = incarnation_] {
                  if (host->runs()) return host->deliver(frames, reply);
                  network_.send(host->index(), node_, [this, server, connection, incarnation] {
                    if (!process_ || incarnation != incarnation_ || connection != process_->connections[server].number)
                      return;
                    lose_connection(server, "the server is not there");
                  });
                });
  return true;
}

void FacultyHost::lose_connection(std::size_t server, const std::string& reason) {
  world_.cells.reach("faculty/server-not-there");
  end_connection(server);
  process_->service.on_connection_lost(server, reason, local_now());
  perform_actions();
}

void FacultyHost::end_connection(std::size_t server) {
  ++process_->connections[server].number;
  process_->connections[server].state = Connection::State::kNone;
}

void FacultyHost::on_reply(std::size_t server, std::uint64_t connection, const Frames& frames) {
  if (connection != process_->connections[server].number) {
    return world_.cells.reach("reply/of-a-connection-that-is-gone");
  }
  const std::vector<std::string_view> views(frames.begin(), frames.end());
  const auto waiting_before = process_->service.waiting_count();
  process_->programs.handle_reply(server, unpack(views).body, local_now());
  if (process_->service.waiting_count() == waiting_before) world_.cells.reach("faculty/late-reply");
  perform_actions();
}

}  // namespace dti::simulation
