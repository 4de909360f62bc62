#include "dti/transport/server/server.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dti/base/check.hpp"
#include "dti/base/stop_signals.hpp"
#include "dti/base/wake_queue.hpp"
#include "dti/protocol/allocation_codec.hpp"
#include "dti/service/pipeline/store_worker.hpp"
#include "dti/transport/resources/resource_watch.hpp"
#include "dti/transport/zeromq/admin_port.hpp"
#include "dti/transport/zeromq/host_port.hpp"
#include "dti/transport/zeromq/poll.hpp"
#include "dti/transport/zeromq/router_port.hpp"
#include "transport/server/figures_publisher.hpp"
#include "transport/server/request_handler.hpp"
#include "transport/server/store_calls.hpp"

namespace dti {
namespace {

constexpr int kMessagesBetweenChecks = 64;  // messages read, or replies sent, between two checks of the store: 0.2 ms
constexpr auto kFlushTime = std::chrono::milliseconds{200};  // of the 2 s of a stop: for late requests and slow peers
constexpr std::size_t kStoreEventsMax = 8;                   // how many pieces a take-over may read ahead

constexpr int kCommandsPerTurn = 16;

WallTime wall_now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

/// The address that clients of other machines should use: a secured one if there is one, else another one that they can
/// reach, else the first.
const std::string& best_endpoint(const ServerOptions& options, const std::vector<std::string>& bound) {
  const auto rank = [&](std::size_t i) {
    const auto& at = options.listen_at[i];
    return is_loopback(at.host) ? 0 : at.is_secured ? 2 : 1;
  };
  std::size_t best = 0;
  for (std::size_t i = 1; i < bound.size(); ++i) {
    if (rank(i) > rank(best)) best = i;
  }
  return bound[best];
}

/// The options of the pipeline, with the address to which other servers refer clients while this server leads.
PipelineOptions with_endpoint(const ServerOptions& options, const std::string& bound) {
  auto pipeline = options.pipeline;
  auto& endpoint = pipeline.lease.endpoint;
  endpoint = options.advertise;
  if (!endpoint.empty()) return pipeline;
  endpoint = bound.substr(bound.find("://") + 3);
  // If the server listens on every address, it does not know which of them clients can reach.
  if (endpoint.starts_with("0.0.0.0:") || endpoint.starts_with("[::]:")) endpoint.clear();
  return pipeline;
}

bool is_ready_now(const PollFor& waits_for) {
  const auto events = static_cast<short>(waits_for.writable ? POLLIN | POLLOUT : POLLIN);
  pollfd item{waits_for.descriptor, events, 0};
  return ::poll(&item, 1, 0) > 0;
}

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

Now now() { return {steady_now(), wall_now()}; }

RouterPortOptions port_options(const ServerOptions& options) {
  return {.listen_at = options.listen_at,
          .frame_bytes_max = kFrameBytesMax,
          .counts_peers = true,
          .dropped = {LogLevel::kWarning, "reply-dropped", "a peer has disconnected or does not read its replies", {}},
          .lock = options.lock,
          .limits = options.limits};
}

}  // namespace

class Server::Loop {
 public:
  Loop(const ServerOptions& options, StartOptions start, Repository& repository, LogSink log)
      : log_(std::move(log)),
        only_while_leading_(options.only_while_leading),
        port_(port_options(options), log_),
        resource_watch_("the server", options.memory_max, options.memory_max_name, log_),
        pipeline_(with_endpoint(options, best_endpoint(options, port_.addresses())), std::move(start)),
        requests_(port_, pipeline_, options.only_while_leading, options.lock ? options.lock->keys.get() : nullptr,
                  options.programs_max, log_),
        store_(repository, now, [this](StoreEvent event) { store_events_.push(std::move(event)); }) {
    if (!options.admin_folder.empty()) open_admin_port(options);
    if (only_while_leading_) port_.park();
    publish_if_due(now());
  }

  ~Loop() { store_events_.close(); }  // otherwise the store worker could wait forever in push()
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] const std::vector<std::string>& endpoints() const { return port_.addresses(); }
  [[nodiscard]] const FiguresBoard& figures() const { return publisher_.board(); }
  [[nodiscard]] bool store_hangs() const { return pipeline_.is_calling() && !store_.waits_for(); }

  void change(const ServerChanges& changes) {
    resource_watch_.change_memory_max(changes.memory_max);
    pipeline_.change_lease(changes.lease, now());
    port_.change_limits(changes.limits);
    requests_.change_programs_max(changes.programs_max);
    if (changes.keys) port_.change_keys(*changes.keys);
  }

  Exit run(StopSignals& stop_signals, std::function<void(Role)> on_role, std::function<void(bool)> on_listening) {
    on_role_ = std::move(on_role);
    on_listening_ = std::move(on_listening);
    pipeline_.on_start(now());
    perform_actions();
    while (!exit_) {
      const auto woken_by = wait(stop_signals);
      if (woken_by.stop && stop_signals.stop_asked()) pipeline_.on_stop(now());
      if (woken_by.store_events) {
        for (auto& event : store_events_.take()) {
          std::visit([this](auto& about) { handle(std::move(about)); }, event);
        }
        perform_actions();
      }
      if (woken_by.store) {
        resume_store();
        perform_actions();  // at once, because the store waits for its next batch
      }
      if (pipeline_.takes_requests()) read_messages();
      pipeline_.on_tick(now());
      pipeline_.on_turn_end(now());
      perform_actions();
      port_.retry(steady_now());
      if (admin_port_) admin_port_->retry(steady_now());
      resource_watch_.check(port_, !announced_, steady_now());
      if (!port_.is_bound()) listen_again();
      if (only_while_leading_ && !exit_) listen_only_while_leading();
      publish_if_due(now());
    }
    finish();
    return *exit_;
  }

 private:
  void open_admin_port(const ServerOptions& options) try {
    admin_port_.emplace(options.admin_folder, kFrameBytesMax);
    log_({LogLevel::kInfo,
          "admin-listening",
          "the office can send commands on this machine",
          {{"address", admin_port_->address()}}});
  } catch (const std::exception& error) {
    if (options.needs_admin) throw;
    log_({LogLevel::kWarning,
          "admin-off",
          std::string{"this server has no socket file for commands of the office: "} + error.what(),
          {}});
  }

  struct WokenBy {
    bool stop = false;
    bool store_events = false;
    bool store = false;
  };

  WokenBy wait(const StopSignals& stop_signals) {
    // The optional items come last.
    std::array<PollItem, 5> items = {
        {{.descriptor = stop_signals.descriptor()}, {.descriptor = store_events_.descriptor()}}};
    std::size_t count = 2;
    const auto& store = items[count];
    const auto store_waits_for = store_.waits_for();
    if (store_waits_for) {
      items[count++] = {.descriptor = store_waits_for->descriptor, .for_writing = store_waits_for->writable};
    }
    if (pipeline_.takes_requests() && port_.is_bound()) items[count++] = port_.poll_item();
    if (pipeline_.takes_requests() && admin_port_) items[count++] = admin_port_->poll_item();
    auto wake_at = resource_watch_.wake_at();
    const auto admin_wakes_at = admin_port_ ? admin_port_->wake_at() : std::nullopt;
    for (const auto& time : {pipeline_.wake_at(), port_.wake_at(), admin_wakes_at}) {
      if (time) wake_at = std::min(wake_at, *time);
    }
    wait_for(std::span{items}.first(count), wake_at);
    return {.stop = items[0].is_ready, .store_events = items[1].is_ready, .store = store_waits_for && store.is_ready};
  }

  void handle(const TakeOverPiece& piece) { pipeline_.on_piece(piece, now()); }
  void handle(StoreResult result) {
    const auto time = now();
    store_calls_.on_end(result, time.steady);
    const bool led = pipeline_.leadership().leads();
    pipeline_.on_store(std::move(result), time);
    if (!led && pipeline_.leadership().leads()) store_calls_.on_lead(time.steady);
  }

  void resume_store() {
    if (auto ended = store_.resume()) handle(*std::move(ended));
  }

  /// Continues the call of the store if it can continue. It is called between messages, so that the store does not wait
  /// until all of them are handled.
  void resume_store_if_ready() {
    const auto waits_for = store_.waits_for();
    if (waits_for && is_ready_now(*waits_for)) resume_store();
  }

  /// @return true if there was at least one message
  bool read_messages() {
    const auto time = now();
    int count = 0;
    for (; port_.is_bound() && count < RequestHandler::kMessagesPerTurn; ++count) {
      if (count % kMessagesBetweenChecks == kMessagesBetweenChecks - 1) resume_store_if_ready();
      if (!requests_.handle_next(time)) break;
    }
    return read_commands(time) || count > 0;
  }

  /// @return true if there was at least one
  bool read_commands(const Now& time) {
    int count = 0;
    while (admin_port_ && count < kCommandsPerTurn && requests_.handle_next_command(*admin_port_, time)) ++count;
    return count > 0;
  }

  void perform_actions() {
    replies_performed_ = 0;
    for (auto& action : pipeline_.take_actions()) {
      std::visit([this](auto& what) { perform(std::move(what)); }, action);
    }
  }

  void perform(const SendReply& answer) {
    requests_.send(answer, steady_now());
    if (++replies_performed_ % kMessagesBetweenChecks == 0) resume_store_if_ready();
  }
  void perform(const SendOpenSemesterReply& answer) { requests_.send(answer, steady_now()); }
  void perform(const SendOfficeReply& answer) { requests_.send(answer, steady_now()); }
  void perform(const NoteOfficeChange& change) { requests_.note(change); }
  void perform(StoreCall call) {
    store_calls_.on_start(call, steady_now());
    store_.start(std::move(call));
  }
  void perform(InterruptStore) { store_.interrupt(); }
  void perform(AnnounceReady) { announce(Role::kLeader); }
  void perform(AnnounceStandby) { announce(Role::kStandby); }
  void perform(const LogEvent& event) { log_(event); }
  void perform(Exit exit) { exit_ = std::move(exit); }

  void announce(Role role) {
    announced_ = true;
    role_to_tell_ = role;
    tell_role();
  }

  void tell_role() {
    if (role_to_tell_ == Role::kLeader && !port_.is_bound()) return;  // listen_only_while_leading() comes first
    if (role_to_tell_) on_role_(*std::exchange(role_to_tell_, std::nullopt));
  }

  /// Closes the port if another server may lead and every request has its reply. Listens again when this server leads.
  /// An old proxy changes to the next server only when its connection breaks.
  void listen_only_while_leading() {
    const auto time = now();
    const bool may_lead = pipeline_.may_lead(time);
    if (port_.is_parked() && may_lead) {
      port_.listen(time.steady);
    } else if (port_.is_bound() && !may_lead && port_.waiting_count() == requests_.health_check_count() &&
               !port_.keeps_replies()) {
      tell_listening(false);
      requests_.forget_health_checks();
      port_.park();
      log_({LogLevel::kInfo, "closed-to-proxy", "this server does not lead, so it closed its connections", {}});
    }
    if (!port_.is_bound()) return;
    tell_role();
    tell_listening(true);
    requests_.answer_health_checks(time);
  }

  void tell_listening(bool listens) {
    if (std::exchange(told_listening_, listens) != listens) on_listening_(listens);
  }

  /// Tries to listen again after the port was closed. The port may not be free at once.
  void listen_again() {
    try {
      port_.listen_again(steady_now());
    } catch (const std::exception& error) {
      exit_ = Exit{1, error.what()};  // no client can reach the server, and every answered grant is in the store
    }
  }

  /// The loop turns at least as often as resource_watch_ checks, so that the figures are never old.
  void publish_if_due(const Now& now) {
    publisher_.publish_if_due(state_of(now), now.steady, [&] { return figures_of(now, state_of(now)); });
  }

  [[nodiscard]] FiguresPublisher::State state_of(const Now& now) const {
    const auto& lead = pipeline_.leadership();
    return {.phase = lead.phase(),
            .is_stopping = !pipeline_.takes_requests(),
            .is_loaded = lead.leads() || lead.has_followed(),
            .store_answers = pipeline_.store_answers(now)};
  }

  ServerFigures figures_of(const Now& now, const FiguresPublisher::State& state) {
    const auto& lead = pipeline_.leadership();
    const auto& allocator = pipeline_.allocator();
    ServerFigures figures{
        .at = now.steady,
        .requests = requests_.figures(),
        .office = requests_.office_figures(),
        .store = store_calls_.figures(),
        .top_ups = pipeline_.top_ups(),
        .holds_expired = pipeline_.holds_expired(),
        .holds_aside = pipeline_.holds_aside(),
        .phase = state.phase,
        .epoch = lead.epoch(),
        .lease_until = lead.lease_until(),
        .leader = lead.leader(),
        .is_stopping = state.is_stopping,
        .store_answers = state.store_answers,
        .store_is_silent = pipeline_.store_is_silent(),
        .is_loaded = state.is_loaded,
        .entries_behind = pipeline_.entries_behind(),
        .followed_at = lead.followed_at(),
        .requests_waiting = pipeline_.queue().count(),
        .bytes_waiting = pipeline_.queue().bytes(),
        .peers = port_.is_bound() ? port_.count_peers() : 0,
        .replies_dropped = port_.drops(),
        .times_closed = port_.times_closed(),
        .refusals = port_.refusals(),
        .memory_max = resource_watch_.memory_max(),
        .semesters = {},
    };
    for (const auto& [id, name] : store_calls_.semesters()) {
      const auto* const waiting = allocator.wait_list(id);
      figures.semesters.push_back({name, allocator.capacity(id), allocator.left(id), allocator.head(id),
                                   waiting == nullptr ? 0 : waiting->size(), allocator.holds(id).size()});
    }
    return figures;
  }

  /// Replies to the requests that came too late, because old peers wait forever for a reply. Then waits until the
  /// kernel has the last replies, at most for the linger time of the socket.
  void finish() {
    const auto deadline = steady_now() + kFlushTime;
    bool more = true;
    while (more && steady_now() < deadline) {
      const bool came = read_messages();
      perform_actions();
      port_.retry(steady_now());
      if (admin_port_) admin_port_->retry(steady_now());
      const auto admin_wakes_at = admin_port_ ? admin_port_->wake_at() : std::nullopt;
      const bool keeps_replies = port_.keeps_replies() || admin_wakes_at;
      if (keeps_replies) {
        const auto port_wakes_at = port_.wake_at();
        wait_for({},
                 admin_wakes_at ? std::min(port_wakes_at.value_or(*admin_wakes_at), *admin_wakes_at) : port_wakes_at);
      }
      more = keeps_replies || came;
    }
    port_.finish();
  }

  // Fixed after construction.
  const LogSink log_;
  const bool only_while_leading_;
  // Fixed when run() begins.
  std::function<void(Role)> on_role_;
  std::function<void(bool)> on_listening_;
  // The thread of run() only.
  RouterPort port_;
  std::optional<AdminPort> admin_port_;
  std::optional<Role> role_to_tell_;
  bool told_listening_ = false;
  ResourceWatch resource_watch_;
  bool announced_ = false;  // the state was loaded at least once
  CommitPipeline pipeline_;
  RequestHandler requests_;
  StoreCalls store_calls_;
  int replies_performed_ = 0;  // of the actions in progress
  std::optional<Exit> exit_;
  FiguresPublisher publisher_;  // its board: shared with the threads that read it
  // Shared with the store worker's thread.
  WakeQueue<StoreEvent> store_events_{kStoreEventsMax};
  // The last member, so that its thread ends before the objects that it uses.
  StoreWorker store_;
};

Server::Server(const ServerOptions& options, StartOptions start, Repository& repository, LogSink log)
    : loop_(std::make_unique<Loop>(options, std::move(start), repository, std::move(log))) {}

Server::~Server() = default;

const std::vector<std::string>& Server::endpoints() const { return loop_->endpoints(); }

const FiguresBoard& Server::figures() const { return loop_->figures(); }

Exit Server::run(StopSignals& stop_signals, std::function<void(Role)> on_role, std::function<void(bool)> on_listening) {
  return loop_->run(stop_signals, std::move(on_role), std::move(on_listening));
}

void Server::change(const ServerChanges& changes) { loop_->change(changes); }

bool Server::store_hangs() const { return loop_->store_hangs(); }

}  // namespace dti
