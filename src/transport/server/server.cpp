#include "dti/transport/server/server.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "dti/base/check.hpp"
#include "dti/base/stop_signals.hpp"
#include "dti/base/wake_queue.hpp"
#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/envelope.hpp"
#include "dti/service/allocation/committer.hpp"
#include "dti/transport/zeromq/endpoint.hpp"
#include "dti/transport/zeromq/frames.hpp"
#include "dti/transport/zeromq/sockets.hpp"
#include "transport/server/resource_watch.hpp"

namespace dti {
namespace {

constexpr int kMessagesPerTurn = 512;  // read before what they brought about is done: a batch's worth, under a few ms
constexpr int kMessagesBetweenLooks = 64;  // at the store, while messages are read or replies leave: some 0.2 ms
constexpr auto kDropLogInterval = std::chrono::seconds{1};
constexpr auto kFlushTime = std::chrono::milliseconds{200};  // of a stop's 2 s: to answer who came late or reads slowly
constexpr std::size_t kStoreEventsMax = 8;                   // a take-over reads ahead by so many pieces
constexpr std::size_t kHealthChecksMax = 1'024;  // a proxy connects again after each that it waited 5 s for

WallTime wall_now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

/// The pipeline's options, with what clients of other servers are told of this one.
PipelineOptions with_endpoint(const ServerOptions& options, const std::string& bound) {
  auto pipeline = options.pipeline;
  auto& endpoint = pipeline.lease.endpoint;
  endpoint = options.advertise;
  if (!endpoint.empty()) return pipeline;
  constexpr std::string_view kTcp = "tcp://";
  endpoint = bound.starts_with(kTcp) ? bound.substr(kTcp.size()) : bound;
  // Bound to every address: which of them clients can reach is not ours to guess.
  if (endpoint.starts_with("0.0.0.0:") || endpoint.starts_with("[::]:")) endpoint.clear();
  return pipeline;
}

bool is_ready_now(const PollFor& waits_for) {
  const auto events = static_cast<short>(waits_for.writable ? POLLIN | POLLOUT : POLLIN);
  pollfd item{waits_for.descriptor, events, 0};
  return ::poll(&item, 1, 0) > 0;
}

Now now() { return {std::chrono::steady_clock::now(), wall_now()}; }

}  // namespace

class Server::Loop {
 public:
  Loop(const ServerOptions& options, StartOptions start, Repository& repository, LogSink log)
      : log_(std::move(log)),
        only_while_leading_(options.only_while_leading),
        endpoint_(options.bind, options.port),
        resource_watch_(options.memory_max, log_),
        pipeline_(with_endpoint(options, endpoint_.address()), std::move(start)),
        committer_(repository, wall_now, [this](Committer::Event event) { store_events_.push(std::move(event)); }) {
    if (only_while_leading_) endpoint_.park();
  }

  ~Loop() { store_events_.close(); }  // or the committer could wait for room for ever
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] const std::string& endpoint() const { return endpoint_.address(); }
  [[nodiscard]] bool store_hangs() const { return pipeline_.is_calling() && !committer_.waits_for(); }

  Exit run(StopSignals& stop_signals, std::function<void(Role)> on_role, std::function<void(bool)> on_listening) {
    on_role_ = std::move(on_role);
    on_listening_ = std::move(on_listening);
    pipeline_.on_start(now());
    perform_actions();
    while (!exit_) {
      const auto woken_by = wait(stop_signals);
      if (woken_by.stop && stop_signals.stop_asked()) pipeline_.on_stop(now());
      if (woken_by.store_events) {
        for (auto& event : store_events_.take()) handle(std::move(event));
        perform_actions();
      }
      if (woken_by.store) {
        resume_store();
        perform_actions();  // at once: the store waits for its next batch
      }
      if (pipeline_.takes_requests()) read_messages();
      pipeline_.on_tick(now());
      pipeline_.on_turn_end(now());
      perform_actions();
      endpoint_.outbox().retry(std::chrono::steady_clock::now());
      log_drops();
      resource_watch_.look(endpoint_, !announced_, std::chrono::steady_clock::now());
      if (!endpoint_.is_bound()) bind_again();
      if (only_while_leading_ && !exit_) listen_only_while_leading();
    }
    finish();
    return *exit_;
  }

 private:
  // Where a reply goes: a peer of the endpoint as it was then, and the frames around the body.
  struct Route {
    zmq::message_t routing_id;
    Envelope envelope;
    std::uint64_t times_closed = 0;  // the endpoint's
  };

  struct WokenBy {
    bool stop = false;
    bool store_events = false;
    bool store = false;
  };

  WokenBy wait(const StopSignals& stop_signals) {
    // What may be left out stands last.
    std::array<zmq::pollitem_t, 4> items = {
        {{nullptr, stop_signals.descriptor(), ZMQ_POLLIN, 0}, {nullptr, store_events_.descriptor(), ZMQ_POLLIN, 0}}};
    std::size_t count = 2;
    const auto* const store = &items[count];
    const auto store_waits_for = committer_.waits_for();
    if (store_waits_for) {
      const auto events = static_cast<short>(store_waits_for->writable ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN);
      items[count++] = {nullptr, store_waits_for->descriptor, events, 0};
    }
    if (pipeline_.takes_requests() && endpoint_.is_bound()) {
      items[count++] = {endpoint_.router().handle(), 0, ZMQ_POLLIN, 0};
    }
    auto wake_at = resource_watch_.wake_at();
    for (const auto& time : {pipeline_.wake_at(), endpoint_.outbox().wake_at(), endpoint_.wake_at()}) {
      if (time) wake_at = std::min(wake_at, *time);
    }
    wait_for(std::span{items}.first(count), wake_at);
    return {.stop = items[0].revents != 0,
            .store_events = items[1].revents != 0,
            .store = store_waits_for && store->revents != 0};
  }

  void handle(Committer::Event event) {
    if (auto* commit = std::get_if<Committer::CommitDone>(&event)) {
      pipeline_.on_commit(std::move(commit->event), now());
    } else if (auto* guard = std::get_if<Committer::GuardDone>(&event)) {
      pipeline_.on_guard(std::move(guard->event), now());
    } else if (auto* piece = std::get_if<TakeOverPiece>(&event)) {
      pipeline_.on_take_over_piece(std::move(*piece), now());
    } else if (auto* watch = std::get_if<Committer::WatchDone>(&event)) {
      pipeline_.on_watch(std::move(watch->event), now());
    } else if (auto* renew = std::get_if<Committer::RenewDone>(&event)) {
      pipeline_.on_renew(std::move(renew->event), now());
    } else if (auto* release = std::get_if<Committer::ReleaseDone>(&event)) {
      pipeline_.on_release(std::move(release->event), now());
    } else {
      pipeline_.on_take_over(std::get<Committer::TakeOverDone>(std::move(event)).event, now());
    }
  }

  void resume_store() {
    if (auto event = committer_.resume()) handle(*std::move(event));
  }

  /// Between many messages: what the store waits for is not to wait for all of them.
  void resume_store_if_ready() {
    const auto waits_for = committer_.waits_for();
    if (waits_for && is_ready_now(*waits_for)) resume_store();
  }

  /// @return did anything come?
  bool read_messages() {
    const auto time = now();
    int count = 0;
    for (; endpoint_.is_bound() && count < kMessagesPerTurn; ++count) {
      if (count % kMessagesBetweenLooks == kMessagesBetweenLooks - 1) resume_store_if_ready();
      auto frames = receive_frames(endpoint_.router(), kFramesMax + 2);
      if (!frames) break;
      if (frames->size() > 1) handle_message(std::move(*frames), time);
    }
    return count > 0;
  }

  void handle_message(std::vector<zmq::message_t> frames, const Now& time) {
    const auto views = frame_views(frames);
    const auto bytes = std::accumulate(views.begin(), views.end(), std::size_t{0},
                                       [](std::size_t sum, std::string_view frame) { return sum + frame.size(); });
    auto unpacked = unpack(std::span{views}.subspan(1));
    Route route{std::move(frames[0]), std::move(unpacked.envelope), endpoint_.times_closed()};
    if (unpacked.too_many_frames) {
      return refuse(std::move(route), {"a message has at most 4 frames", {}});
    }
    auto decoded = decoder_.decode(unpacked.body);
    if (auto* request = std::get_if<AllocationRequest>(&decoded)) {
      const Token token = ++tokens_;
      routes_.emplace(token, std::move(route));
      pipeline_.on_request(token, std::move(*request), bytes, time);
    } else if (const auto* malformed = std::get_if<MalformedRequest>(&decoded)) {
      refuse(std::move(route), *malformed);
    } else if (pipeline_.is_ready(time)) {
      send(std::move(route), kHealthy);
    } else if (only_while_leading_ && health_checks_.size() < kHealthChecksMax) {
      health_checks_.push_back(std::move(route));
    }
  }

  void refuse(Route route, const MalformedRequest& malformed) {
    Outcome outcome;
    outcome.error = RequestError{Status::kInvalidRequest, malformed.detail, {}, {}};
    reply(std::move(route), malformed.readable, outcome);
  }

  void perform_actions() {
    int replies = 0;
    for (auto& action : pipeline_.take_actions()) {
      if (auto* answer = std::get_if<SendReply>(&action)) {
        auto route = routes_.extract(answer->token);
        DTI_CHECK(!route.empty());  // one reply a request
        reply(std::move(route.mapped()), answer->request, answer->outcome);
        if (++replies % kMessagesBetweenLooks == 0) resume_store_if_ready();
      } else if (auto* commit = std::get_if<StartCommit>(&action)) {
        committer_.start(std::move(*commit));
      } else if (auto* guard = std::get_if<StartGuard>(&action)) {
        committer_.start(std::move(*guard));
      } else if (auto* take_over = std::get_if<StartTakeOver>(&action)) {
        committer_.start(std::move(*take_over));
      } else if (auto* watch = std::get_if<StartWatch>(&action)) {
        committer_.start(std::move(*watch));
      } else if (auto* renew = std::get_if<StartRenew>(&action)) {
        committer_.start(*renew);
      } else if (auto* release = std::get_if<StartRelease>(&action)) {
        committer_.start(*release);
      } else if (std::holds_alternative<InterruptStore>(action)) {
        committer_.interrupt();
      } else if (std::holds_alternative<AnnounceReady>(action)) {
        announce(Role::kLeader);
      } else if (std::holds_alternative<AnnounceStandby>(action)) {
        announce(Role::kStandby);
      } else if (const auto* event = std::get_if<LogEvent>(&action)) {
        log_(*event);
      } else {
        exit_ = std::get<Exit>(std::move(action));
      }
    }
  }

  void announce(Role role) {
    announced_ = true;
    role_to_tell_ = role;
    tell_role();
  }

  void tell_role() {
    if (role_to_tell_ == Role::kLeader && !endpoint_.is_bound()) return;  // listen_only_while_leading() comes first
    if (role_to_tell_) on_role_(*std::exchange(role_to_tell_, std::nullopt));
  }

  /// Closes the endpoint, once all who asked have their answers, if another server may lead, and listens again when this
  /// one leads: an old proxy goes on to the next server when its connection breaks, and is stuck as long as it is open.
  void listen_only_while_leading() {
    const auto time = now();
    const bool may_lead = pipeline_.may_lead(time);
    if (endpoint_.is_parked() && may_lead) {
      endpoint_.listen(time.steady);
    } else if (endpoint_.is_bound() && !may_lead && routes_.empty() && !endpoint_.outbox().wake_at()) {
      tell_listening(false);
      health_checks_.clear();
      endpoint_.park();
      log_({LogLevel::kInfo, "closed-to-proxy", "this server does not lead, and closed its connections", {}});
    }
    if (!endpoint_.is_bound()) return;
    tell_role();
    tell_listening(true);
    if (!health_checks_.empty() && pipeline_.is_ready(time)) {
      for (auto& route : std::exchange(health_checks_, {})) send(std::move(route), kHealthy);
    }
  }

  void tell_listening(bool listens) {
    if (std::exchange(told_listening_, listens) != listens) on_listening_(listens);
  }

  void reply(Route route, const AllocationRequest& request, const Outcome& outcome) {
    body_.clear();
    append_allocation_reply(body_, request, outcome);
    send(std::move(route), body_);
  }

  void send(Route route, std::string_view body) {
    auto& outbox = endpoint_.outbox();
    // Its connection went with the others, and its routing id may be another peer's by now.
    if (route.times_closed != endpoint_.times_closed()) return outbox.count_drop();
    std::vector<zmq::message_t> frames;
    frames.reserve(kFramesMax + 1);
    frames.push_back(std::move(route.routing_id));
    for (const auto& frame : route.envelope.before) frames.emplace_back(frame.data(), frame.size());
    frames.emplace_back(body.data(), body.size());
    if (route.envelope.after) frames.emplace_back(route.envelope.after->data(), route.envelope.after->size());
    outbox.send(std::move(frames), std::chrono::steady_clock::now());
  }

  /// Replies to a peer that has gone or does not read are let go; a repeat of the request gets them again.
  void log_drops() {
    const auto dropped = endpoint_.outbox().dropped();
    if (dropped == drops_logged_) return;
    const auto time = std::chrono::steady_clock::now();
    if (drop_logged_at_ && time - *drop_logged_at_ < kDropLogInterval) return;
    drop_logged_at_ = time;
    drops_logged_ = dropped;
    log_({LogLevel::kWarning,
          "reply-dropped",
          "a peer has gone or does not read its replies",
          {{"dropped_in_all", std::to_string(drops_logged_)}}});
  }

  /// The port may not be free at once.
  void bind_again() {
    const auto time = std::chrono::steady_clock::now();
    if (!endpoint_.wake_at() || time < endpoint_.wake_at()) return;
    try {
      endpoint_.bind_again(time);
    } catch (const std::exception& error) {
      exit_ = Exit{1, error.what()};  // what was answered is stored, and nobody can ask any more
    }
  }

  /// Answers the requests that came too late to be decided, since old peers wait for ever; then waits until libzmq has
  /// handed the last replies to the kernel, at most for the socket's linger.
  void finish() {
    const auto deadline = std::chrono::steady_clock::now() + kFlushTime;
    bool more = true;
    while (more && std::chrono::steady_clock::now() < deadline) {
      const bool came = read_messages();
      perform_actions();
      auto& outbox = endpoint_.outbox();
      outbox.retry(std::chrono::steady_clock::now());
      if (outbox.wake_at()) wait_for({}, outbox.wake_at());
      more = outbox.wake_at() || came;
    }
    log_drops();
    endpoint_.finish();
  }

  // Fixed after construction.
  const LogSink log_;
  const bool only_while_leading_;
  // Fixed when run() begins.
  std::function<void(Role)> on_role_;
  std::function<void(bool)> on_listening_;
  // The thread of run() only.
  Endpoint endpoint_;
  std::optional<Role> role_to_tell_;
  bool told_listening_ = false;
  std::vector<Route> health_checks_;  // with only_while_leading: those that came while it was not ready
  ResourceWatch resource_watch_;
  bool announced_ = false;  // the state was loaded, once
  AllocationRequestDecoder decoder_;
  std::string body_;  // of the reply that is being made
  CommitPipeline pipeline_;
  std::unordered_map<Token, Route> routes_;  // of the requests that wait for their answer
  Token tokens_ = 0;
  std::optional<Exit> exit_;
  std::uint64_t drops_logged_ = 0;
  std::optional<SteadyTime> drop_logged_at_;
  // Shared with the committer's thread.
  WakeQueue<Committer::Event> store_events_{kStoreEventsMax};
  // Last: its thread ends before what it uses.
  Committer committer_;
};

Server::Server(const ServerOptions& options, StartOptions start, Repository& repository, LogSink log)
    : loop_(std::make_unique<Loop>(options, std::move(start), repository, std::move(log))),
      endpoint_(loop_->endpoint()) {}

Server::~Server() = default;

std::string Server::endpoint() const { return endpoint_; }

Exit Server::run(StopSignals& stop_signals, std::function<void(Role)> on_role,
                 std::function<void(bool)> on_listening) {
  return loop_->run(stop_signals, std::move(on_role), std::move(on_listening));
}

bool Server::store_hangs() const { return loop_->store_hangs(); }

}  // namespace dti
