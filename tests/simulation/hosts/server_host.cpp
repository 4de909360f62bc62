#include "simulation/hosts/server_host.hpp"

#include <algorithm>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "dti/protocol/allocation_codec.hpp"
#include "simulation/hosts/start_options.hpp"
#include "transport/server/request_handler.hpp"

namespace dti::simulation {
namespace {

constexpr Time kTurnMost{200};                // until a server looks at what has come
constexpr std::int64_t kMillion = 1'000'000;  // parts

PipelineOptions with_endpoint(PipelineOptions options, const std::string& name) {
  options.lease.endpoint = name + ":6000";
  return options;
}

}  // namespace

/// The messages that have arrived, and the way back to those who wait.
class ServerHost::Port : public MessagePort {
 public:
  explicit Port(ServerHost& host) : host_(host) {}

  std::optional<PeerMessage> receive() override;
  void reply(Token token, std::string_view body, SteadyTime now) override;
  void forget(Token token) override { routes_.erase(token); }
  [[nodiscard]] std::size_t waiting_bytes() const override { return 0; }

  void deliver(Incoming incoming) { inbox_.push_back(std::move(incoming)); }
  [[nodiscard]] bool has_messages() const { return !inbox_.empty(); }
  [[nodiscard]] bool waits(Token token) const { return routes_.contains(token); }
  [[nodiscard]] bool all_are_answered() const { return routes_.empty(); }

 private:
  ServerHost& host_;
  std::deque<Incoming> inbox_;
  std::map<Token, Route> routes_;
  Token last_token_ = 0;
  Frames frames_;  // of the message that was received last
};

struct ServerHost::Process {
  Process(ServerHost& host, Random& random)
      : port(host),
        pipeline(with_endpoint(host.plan_.pipeline, host.name_), start_options(host.plan_, host.names_, random)),
        requests(port, pipeline, false),
        repository(host.world_, host.store_, host.holder(),
                   {.suspend = [this] { store_worker.suspend(); },
                    .wake = [&host] { host.wake_store_worker(); },
                    .on_step =
                        [&host, this](Operation operation, Step step) {
                          if (!call || step == Step::kUnsent) call = Call{operation, step, ++call_count};
                          call->step = step;
                          host.on_step_(host, operation, step);
                        }}),
        store_worker([&host] { return host.local_now(); },
                     [&host, this](StoreEvent event) {
                       call.reset();
                       store_events.push_back(std::move(event));
                       host.turn_soon();
                     }) {
    store_worker.repository = &repository;
  }

  Port port;
  CommitPipeline pipeline;
  RequestHandler requests;
  std::deque<StoreEvent> store_events;
  std::deque<WaitingCommand> arrived_commands;
  std::map<Token, WaitingCommand> waiting_commands;
  Token last_command = 0;
  bool is_opening = false;    // a call that opens a semester is in progress
  bool is_isolating = false;  // the store refused the last batch
  std::optional<Exit> exit;
  std::optional<Call> call;
  std::uint64_t call_count = 0;
  ServerState state = ServerState::kTakingOver;
  Epoch epoch = 0;
  bool leads = false;
  bool stood_by = false;
  bool waited_for_store = false;  // at its start, since the store could not be reached
  bool stop_asked = false;
  bool is_stopping = false;
  bool thawed_in_commit = false;  // and its answer has not come yet
  std::optional<SteadyTime> tick_at;
  VirtualRepository repository;
  VirtualStoreWorker store_worker;  // last: its fiber ends before what it uses
};

ServerHost::ServerHost(World& world, const Plan& plan, const Names& names, VirtualStore& store, Checks& checks,
                       std::size_t index, std::function<void(ServerHost&, Operation, Step)> on_step)
    : world_(world),
      plan_(plan),
      names_(names),
      store_(store),
      checks_(checks),
      index_(index),
      name_("server" + std::to_string(index)),
      on_step_(std::move(on_step)) {
  if (!plan.has_drift) return;
  clock_ppm_ = world.random.between(900'000, 1'100'000);
  world.cells.reach(clock_ppm_ > kMillion ? "server/clock-fast" : "server/clock-slow");
}

ServerHost::~ServerHost() = default;

bool ServerHost::leads() const { return runs() && process_->leads; }

bool ServerHost::is_ready() const { return runs() && !is_frozen() && process_->pipeline.is_ready(local_now()); }

std::optional<ServerHost::Call> ServerHost::call() const { return runs() ? process_->call : std::nullopt; }

bool ServerHost::is_quiet() const {
  return runs() && !process_->pipeline.is_calling() && process_->port.all_are_answered() &&
         !process_->port.has_messages() && process_->store_events.empty() && process_->arrived_commands.empty() &&
         process_->waiting_commands.empty();
}

const Allocator& ServerHost::allocator() const { return process_->pipeline.allocator(); }

ServerState ServerHost::state() const { return process_->state; }

Now ServerHost::local_now() const {
  const auto wall = wall_time(world_.now()) + wall_offset_;
  const Time steady{world_.now().count() / kMillion * clock_ppm_ +
                    world_.now().count() % kMillion * clock_ppm_ / kMillion};
  return {SteadyTime{std::chrono::hours{1} + steady}, wall};
}

// What happens to it.

void ServerHost::start() {
  start_is_due_ = false;
  if (runs()) return;
  frozen_until_ = Time{0};
  if (!plan_.has_database_clock) wall_offset_ = std::min(wall_offset_, Time{0});  // the machine has set its clock right
  ++incarnation_;
  world_.trace(name_, "starts");
  process_ = std::make_unique<Process>(*this, world_.random);
  process_->pipeline.on_start(local_now());
  perform_actions();
  schedule_tick();
}

void ServerHost::crash() {
  if (!runs()) return;
  world_.trace(name_, "is killed");
  end_process();
  restart_later(Time{10'000}, Time{4'000'000});
}

void ServerHost::freeze(Time duration) {
  if (!runs()) return;
  world_.trace(name_, "is frozen for " + std::to_string(duration.count()) + " us");
  frozen_until_ = std::max(frozen_until_, world_.now() + duration);
  world_.after(duration, [this, incarnation = incarnation_] {
    if (incarnation != incarnation_ || !runs() || is_frozen()) return;
    world_.trace(name_, "is thawed");
    const auto call = process_->call;
    process_->thawed_in_commit = call && call->operation == Operation::kCommit;
    wake_store_worker();
    turn_soon();
  });
}

void ServerHost::stop() {
  if (!runs()) return;
  process_->stop_asked = true;
  turn_soon();
}

void ServerHost::cut_store() {
  if (runs()) process_->repository.cut();
}

void ServerHost::silence_store(Time duration) {
  if (runs()) process_->repository.silence(duration);
}

void ServerHost::set_wall_clock_back(Time by) {
  if (checks_.hold_count() > 0) world_.cells.reach("hold/clock-set-back-while-held");
  wall_offset_ -= by;
}

void ServerHost::set_wall_clock_ahead(Time by) {
  if (!plan_.has_database_clock && (!runs() || process_->epoch == 0)) return;
  if (checks_.hold_count() > 0) world_.cells.reach("hold/clock-set-ahead-while-held");
  wall_offset_ += by;
}

void ServerHost::heal() {
  frozen_until_ = std::min(frozen_until_, world_.now());

  if (!runs()) return start();
  process_->repository.heal();
  wake_store_worker();
  turn_soon();
}

void ServerHost::end_process() {
  ++incarnation_;
  process_.reset();
}

void ServerHost::restart_later(Time least, Time most) {
  if (std::exchange(start_is_due_, true)) return;
  world_.after(world_.time_between(least, most), [this] {
    if (start_is_due_) start();
  });
}

void ServerHost::wake_store_worker() {
  if (std::exchange(wake_is_due_, true)) return;
  world_.after(world_.time_between(Time{1}, Time{20}), [this] {
    wake_is_due_ = false;
    if (runs() && !is_frozen()) process_->store_worker.resume();
  });
}

// Messages and turns, as in Server::Loop.

void ServerHost::deliver(const Frames& frames, std::function<void(const Frames&)> reply) {
  if (!runs()) return;
  process_->port.deliver({frames, std::move(reply)});
  turn_soon();
}

void ServerHost::deliver(Command command, std::function<void(const CommandOutcome&)> reply) {
  if (!runs()) return;
  process_->arrived_commands.push_back({std::move(command), std::move(reply), {}});
  turn_soon();
}

void ServerHost::turn_soon() {
  if (std::exchange(turn_is_due_, true)) return;
  world_.after(world_.time_between(Time{1}, kTurnMost), [this] {
    turn_is_due_ = false;
    turn();
  });
}

void ServerHost::schedule_tick() {
  if (!runs()) return;
  const auto at = process_->pipeline.wake_at();
  if (!at || at == process_->tick_at) return;
  process_->tick_at = at;
  const auto local = std::max<std::int64_t>(0, std::chrono::ceil<Time>(*at - local_now().steady).count());
  const Time delay{local * kMillion / clock_ppm_ + 1};
  world_.after(delay, [this, at, incarnation = incarnation_] {
    if (incarnation == incarnation_ && runs() && process_->tick_at == at) turn_soon();
  });
}

void ServerHost::turn() {
  if (!runs() || is_frozen()) return;
  auto& process = *process_;
  process.tick_at.reset();
  if (std::exchange(process.stop_asked, false)) {
    world_.trace(name_, "is asked to stop");
    process.is_stopping = true;
    process.pipeline.on_stop(local_now());
  }
  if (!process.store_events.empty()) {
    for (auto& event : std::exchange(process.store_events, {})) {
      std::visit([this](auto& about) { handle(std::move(about)); }, event);
    }
    perform_actions();
  }
  if (process.pipeline.takes_requests()) take_commands();
  for (int i = 0; i < RequestHandler::kMessagesPerTurn && process.pipeline.takes_requests(); ++i) {
    if (!process.requests.handle_next(local_now())) break;
  }
  process.pipeline.on_tick(local_now());
  process.pipeline.on_turn_end(local_now());
  perform_actions();
  if (process.exit) {
    // Requests that arrived too late get their reply.
    while (process.requests.handle_next(local_now())) world_.cells.reach("request/too-late");
    if (!process.arrived_commands.empty()) world_.cells.reach("command/too-late");
    take_commands();
    perform_actions();
    return note_exit(*process.exit);
  }
  schedule_tick();
}

void ServerHost::note_exit(const Exit& exit) {
  if (!process_->port.all_are_answered() || !process_->waiting_commands.empty())
    world_.violate("every-request-is-answered", name_ + " ended without an answer to some");
  world_.trace(name_, "ends with " + std::to_string(exit.code) + " " + exit.reason);
  end_process();
  restart_later(Time{200'000}, Time{6'000'000});
}

void ServerHost::handle(TakeOverPiece piece) { process_->pipeline.on_piece(std::move(piece), local_now()); }

void ServerHost::handle(StoreResult result) {
  process_->state = ServerState::kIdle;
  process_->is_opening = false;
  std::visit([this](const auto& ended) { note(ended); }, result);
  process_->pipeline.on_store(std::move(result), local_now());
}

void ServerHost::note(const Ended<CommitCall>& commit) {
  auto& process = *process_;
  const auto* const failure = commit.failure();
  process.is_isolating = failure != nullptr && failure->kind == StorageError::Kind::kRejected;
  if (std::exchange(process.thawed_in_commit, false) && failure == nullptr) {
    world_.cells.reach(commit.answer() == CommitResult::kReplaced ? "server/thawed-and-replaced-in-a-commit"
                                                                  : "server/thawed-in-a-commit-and-still-leading");
  }
  if (failure != nullptr && failure->kind != StorageError::Kind::kRejected) process.leads = false;
}

void ServerHost::note(const Ended<TakeOverCall>& take_over) {
  auto& process = *process_;
  if (const auto* const failure = take_over.failure()) {
    if (failure->kind == StorageError::Kind::kUnreachable && process.epoch == 0) process.waited_for_store = true;
  } else if (const auto* leadership = std::get_if<Leadership>(&take_over.answer())) {
    process.epoch = leadership->epoch;
    process.leads = true;
    if (process.stood_by) world_.cells.reach("server/led-again-after-it-stood-by");
  } else if (!std::get<HeldBy>(take_over.answer()).remaining) {
    world_.cells.reach("take-over/held-by-another-meanwhile");
  }
}

void ServerHost::note(const Ended<OpenSemesterCall>& opening) {
  const auto* const failure = opening.failure();
  if (failure != nullptr && failure->kind != StorageError::Kind::kRejected) process_->leads = false;
  if (failure == nullptr && opening.answer().result == OpenResult::kReplaced) world_.cells.reach("command/replaced");
}

void ServerHost::note(const Ended<LookUpCall>& look_up) {
  const auto* const failure = look_up.failure();
  if (failure != nullptr && failure->kind != StorageError::Kind::kRejected) process_->leads = false;
}

void ServerHost::note(const Ended<ChangeCall>& changing) {
  const auto* const failure = changing.failure();
  if (failure != nullptr && failure->kind != StorageError::Kind::kRejected) process_->leads = false;
}

Checks::Reply ServerHost::about_arrival() const {
  return {.server = name_, .process = holder(), .epoch = 0, .arrived = world_.now(), .state = state()};
}

/// Gives the commands that have arrived to the pipeline.
void ServerHost::take_commands() {
  auto& process = *process_;
  for (auto& arrived : std::exchange(process.arrived_commands, {})) {
    const Token token = ++process.last_command;
    if (process.is_isolating) world_.cells.reach("command/during-isolation");
    if (process.state == ServerState::kCommitting) world_.cells.reach("command/behind-a-batch");
    arrived.about = about_arrival();
    if (const auto* const office = std::get_if<OfficeCommand>(&arrived.command)) {
      world_.cells.reach(office_kind(*office), arrived.about.state);
    }
    auto command = arrived.command;
    process.waiting_commands.emplace(token, std::move(arrived));
    expect_answer([this, token] { return process_->waiting_commands.contains(token); });
    process.pipeline.on_command(token, std::move(command), 100, local_now());
  }
}

std::optional<PeerMessage> ServerHost::Port::receive() {
  if (inbox_.empty()) return std::nullopt;
  auto incoming = std::move(inbox_.front());
  inbox_.pop_front();
  frames_ = std::move(incoming.frames);
  const std::vector<std::string_view> views(frames_.begin(), frames_.end());
  const auto bytes = std::accumulate(views.begin(), views.end(), std::size_t{0},
                                     [](std::size_t sum, std::string_view frame) { return sum + frame.size(); });
  auto unpacked = unpack(views);
  auto decoded = decode_allocation_request(unpacked.body);
  const Token token = ++last_token_;
  if (std::holds_alternative<AllocationRequest>(decoded)) {
    host_.expect_answer([&host = host_, token] { return host.process_->port.waits(token); });
    if (host_.process_->is_opening) host_.world_.cells.reach("command/before-requests");
  }
  auto* const malformed = std::get_if<MalformedRequest>(&decoded);
  auto* const request = malformed ? &malformed->readable : std::get_if<AllocationRequest>(&decoded);
  routes_.emplace(token, Route{std::move(incoming.reply), std::move(unpacked.envelope),
                               request ? std::move(*request) : AllocationRequest{}, host_.about_arrival()});
  return PeerMessage{
      .token = token, .peer = {}, .body = unpacked.body, .bytes = bytes, .is_too_long = unpacked.too_many_frames};
}

/// A server that runs answers within --store-timeout, also if its store is silent.
void ServerHost::expect_answer(const std::function<bool()>& waits) {
  constexpr Time kMargin{100'000};
  const Time limit = Time{plan_.pipeline.store_timeout} * kMillion / clock_ppm_ + kMargin;
  world_.after(limit, [this, waits, arrived = world_.now(), incarnation = incarnation_] {
    if (incarnation != incarnation_ || !runs() || frozen_until_ >= arrived || !waits()) return;
    world_.violate("answered-in-time", name_ + " has not answered a request within --store-timeout");
  });
}

void ServerHost::perform_actions() {
  for (auto& action : process_->pipeline.take_actions()) {
    std::visit([this](auto& what) { perform(std::move(what)); }, action);
  }
}

void ServerHost::perform(const SendReply& answer) { process_->requests.send(answer, local_now().steady); }

void ServerHost::perform(const SendOpenSemesterReply& answer) {
  const auto& error = answer.outcome.error;
  if (auto waiting = take_waiting(answer.token, error)) {
    world_.trace(name_, "answers for semester " + answer.command.name + ": " + (error ? error->detail : "it is open"));
    checks_.on_reply(waiting->about, answer.command, answer.outcome);
    waiting->reply(answer.outcome);
  }
}

void ServerHost::perform(const SendOfficeReply& answer) {
  const auto& error = answer.outcome.error;
  if (auto waiting = take_waiting(answer.token, error)) {
    world_.trace(name_, "answers command " + answer.command.id + ": " + (error ? error->detail : "it is done"));
    checks_.on_reply(waiting->about, answer.command, answer.outcome);
    waiting->reply(answer.outcome);
  }
}

void ServerHost::perform(const NoteOfficeChange& change) {
  world_.trace(name_, "has stored command " + change.command.id + " by entry " + std::to_string(change.seq));
}

/// The command with that token, which now gets its reply.
std::optional<ServerHost::WaitingCommand> ServerHost::take_waiting(Token token,
                                                                   const std::optional<RequestError>& error) {
  auto found = process_->waiting_commands.extract(token);
  if (found.empty()) {
    world_.violate("one-reply-a-request", name_ + " answered a command twice");
    return std::nullopt;
  }
  if (!error && process_->is_stopping) world_.cells.reach("command/at-a-stop");
  found.mapped().about.epoch = process_->epoch;
  return std::move(found.mapped());
}

void ServerHost::perform(StoreCall call) {
  auto& process = *process_;
  process.is_opening = std::holds_alternative<OpenSemesterCall>(call);
  const bool reads = std::holds_alternative<TakeOverCall>(call) || std::holds_alternative<WatchCall>(call);
  if (reads) process.leads = false;
  const bool writes = std::holds_alternative<CommitCall>(call) || std::holds_alternative<ChangeCall>(call) ||
                      std::holds_alternative<ChangeCatalogCall>(call);
  const auto* const change = std::get_if<ChangeCall>(&call);
  const bool settles = change != nullptr && tops_up(change->change);
  process.state = reads     ? ServerState::kTakingOver
                  : settles ? ServerState::kSettling
                  : writes  ? ServerState::kCommitting
                            : ServerState::kGuarding;
  process.repository.note_decided();
  process.store_worker.start(std::move(call));
  wake_store_worker();
}

void ServerHost::perform(InterruptStore) {
  const auto operation = process_->call ? process_->call->operation : Operation::kSurvey;
  world_.cells.reach(operation == Operation::kCommit  ? "interrupt/commit"
                     : operation == Operation::kGuard ? "interrupt/guard"
                     : operation == Operation::kWatch ? "interrupt/watch"
                                                      : "interrupt/take-over");
  process_->repository.interrupt();
}

void ServerHost::perform(AnnounceReady) {
  if (process_->waited_for_store && !process_->stood_by) world_.cells.reach("server/started-before-its-store");
}

void ServerHost::perform(AnnounceStandby) {
  world_.trace(name_, "STANDBY");
  world_.cells.reach(process_->epoch > 0 ? "server/stepped-down" : "server/stands-by");
  process_->stood_by = true;
  process_->leads = false;
}

void ServerHost::perform(const LogEvent& event) { world_.trace(name_, event.event + ": " + event.message); }

void ServerHost::perform(Exit exit) {
  process_->exit = std::move(exit);
  process_->leads = false;
}

void ServerHost::Port::reply(Token token, std::string_view body, SteadyTime /*now*/) {
  auto found = routes_.extract(token);
  if (found.empty()) {
    return host_.world_.violate("one-reply-a-request", host_.name_ + " answered a request twice");
  }
  auto& route = found.mapped();
  host_.world_.trace(host_.name_, "answers " + std::string{body});
  route.about.epoch = host_.process_->epoch;
  route.about.is_stopping = host_.process_->is_stopping;
  host_.checks_.on_reply(route.about, route.request, std::string{body});
  Frames frames = std::move(route.envelope.before);
  frames.emplace_back(body);
  if (route.envelope.after) frames.push_back(*route.envelope.after);
  route.reply(frames);
}

}  // namespace dti::simulation
