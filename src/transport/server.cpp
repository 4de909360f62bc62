#include "dti/transport/server.hpp"

#include <poll.h>

#include <array>
#include <chrono>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "dti/domain/check.hpp"
#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/envelope.hpp"
#include "dti/service/committer.hpp"
#include "dti/transport/stop_signals.hpp"
#include "transport/frames.hpp"
#include "transport/outbox.hpp"
#include "transport/sockets.hpp"
#include "transport/wake_queue.hpp"

namespace dti {
namespace {

constexpr int kMessagesPerTurn = 512;  // read before what they brought about is done: a batch's worth, under a few ms
constexpr int kMessagesBetweenLooks = 64;  // at the store, while messages are read or replies leave: some 0.2 ms
constexpr auto kDropLogInterval = std::chrono::seconds{1};
constexpr auto kFlushTime = std::chrono::milliseconds{200};  // of a stop's 2 s: to answer who came late or reads slowly
constexpr std::size_t kStoreEventsMax = 8;                   // a take-over reads ahead by so many pieces

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
        router_(bind_router(context_, options.bind, options.port)),
        outbox_(router_),
        pipeline_(with_endpoint(options, endpoint()), std::move(start)),
        committer_(repository, wall_now, [this](Committer::Event event) { store_events_.push(std::move(event)); }) {}

  ~Loop() { store_events_.close(); }  // or the committer could wait for room for ever
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] std::string endpoint() const { return router_.get(zmq::sockopt::last_endpoint); }
  [[nodiscard]] bool store_hangs() const { return pipeline_.is_calling() && !committer_.waits_for(); }

  Exit run(StopSignals& stop_signals, const std::function<void(Role)>& on_role) {
    pipeline_.on_start(now());
    perform_actions(on_role);
    while (!exit_) {
      const auto woken_by = wait(stop_signals);
      if (woken_by.stop && stop_signals.stop_asked()) pipeline_.on_stop(now());
      if (woken_by.store_events) {
        for (auto& event : store_events_.take()) handle(std::move(event));
        perform_actions(on_role);
      }
      if (woken_by.store) {
        resume_store();
        perform_actions(on_role);  // at once: the store waits for its next batch
      }
      if (pipeline_.takes_requests()) read_requests();
      pipeline_.on_tick(now());
      pipeline_.on_turn_end(now());
      perform_actions(on_role);
      outbox_.retry(std::chrono::steady_clock::now());
      log_drops();
    }
    finish(on_role);
    return *exit_;
  }

 private:
  // Where a reply goes: a peer, and the frames around the body.
  struct Route {
    zmq::message_t routing_id;
    Envelope envelope;
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
    if (pipeline_.takes_requests()) items[count++] = {router_.handle(), 0, ZMQ_POLLIN, 0};
    auto wake_at = pipeline_.wake_at();
    if (outbox_.wake_at() && (!wake_at || *outbox_.wake_at() < *wake_at)) wake_at = outbox_.wake_at();
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

  void read_requests() {
    const auto time = now();
    for (int i = 0; i < kMessagesPerTurn; ++i) {
      if (i % kMessagesBetweenLooks == kMessagesBetweenLooks - 1) resume_store_if_ready();
      auto frames = receive_frames(router_, kFramesMax + 2);
      if (!frames) return;
      if (frames->size() > 1) handle_message(std::move(*frames), time);
    }
  }

  void handle_message(std::vector<zmq::message_t> frames, const Now& time) {
    const auto views = frame_views(frames);
    const auto bytes = std::accumulate(views.begin(), views.end(), std::size_t{0},
                                       [](std::size_t sum, std::string_view frame) { return sum + frame.size(); });
    auto unpacked = unpack(std::span{views}.subspan(1));
    Route route{std::move(frames[0]), std::move(unpacked.envelope)};
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
    }
  }

  void refuse(Route route, const MalformedRequest& malformed) {
    Outcome outcome;
    outcome.error = RequestError{Status::kInvalidRequest, malformed.detail, {}, {}};
    reply(std::move(route), malformed.readable, outcome);
  }

  void perform_actions(const std::function<void(Role)>& on_role) {
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
        on_role(Role::kLeader);
      } else if (std::holds_alternative<AnnounceStandby>(action)) {
        on_role(Role::kStandby);
      } else if (const auto* event = std::get_if<LogEvent>(&action)) {
        log_(*event);
      } else {
        exit_ = std::get<Exit>(std::move(action));
      }
    }
  }

  void reply(Route route, const AllocationRequest& request, const Outcome& outcome) {
    body_.clear();
    append_allocation_reply(body_, request, outcome);
    send(std::move(route), body_);
  }

  void send(Route route, std::string_view body) {
    std::vector<zmq::message_t> frames;
    frames.reserve(kFramesMax + 1);
    frames.push_back(std::move(route.routing_id));
    for (const auto& frame : route.envelope.before) frames.emplace_back(frame.data(), frame.size());
    frames.emplace_back(body.data(), body.size());
    if (route.envelope.after) frames.emplace_back(route.envelope.after->data(), route.envelope.after->size());
    outbox_.send(std::move(frames), std::chrono::steady_clock::now());
  }

  /// Replies to a peer that has gone or does not read are let go; a repeat of the request gets them again.
  void log_drops() {
    if (outbox_.dropped() == drops_logged_) return;
    const auto time = std::chrono::steady_clock::now();
    if (drop_logged_at_ && time - *drop_logged_at_ < kDropLogInterval) return;
    drop_logged_at_ = time;
    drops_logged_ = outbox_.dropped();
    log_({LogLevel::kWarning,
          "reply-dropped",
          "a peer has gone or does not read its replies",
          {{"dropped_in_all", std::to_string(drops_logged_)}}});
  }

  /// Answers the requests that came too late to be decided, since old peers wait for ever; then waits until libzmq has
  /// handed the last replies to the kernel, at most for the socket's linger.
  void finish(const std::function<void(Role)>& on_role) {
    const auto deadline = std::chrono::steady_clock::now() + kFlushTime;
    bool more = true;
    while (more && std::chrono::steady_clock::now() < deadline) {
      const auto tokens_before = tokens_;
      read_requests();
      perform_actions(on_role);
      outbox_.retry(std::chrono::steady_clock::now());
      if (outbox_.wake_at()) wait_for({}, outbox_.wake_at());
      more = outbox_.wake_at() || tokens_ != tokens_before;
    }
    log_drops();
    router_.close();
    context_.close();
  }

  // Fixed after construction.
  const LogSink log_;
  // The thread of run() only.
  zmq::context_t context_;
  zmq::socket_t router_;
  Outbox outbox_;
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

Exit Server::run(StopSignals& stop_signals, const std::function<void(Role)>& on_role) {
  return loop_->run(stop_signals, on_role);
}

bool Server::store_hangs() const { return loop_->store_hangs(); }

}  // namespace dti
