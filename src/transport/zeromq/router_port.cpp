#include "dti/transport/zeromq/router_port.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include <zmq.hpp>

#include "dti/base/check.hpp"
#include "dti/base/log_limit.hpp"
#include "transport/zeromq/endpoint.hpp"
#include "transport/zeromq/envelope.hpp"
#include "transport/zeromq/frames.hpp"

namespace dti {
namespace {

constexpr auto kDropLogInterval = std::chrono::seconds{1};

/// The destination of a reply.
struct Route {
  zmq::message_t routing_id;
  Envelope envelope;
  std::uint64_t times_closed = 0;  // of the endpoint, when the message arrived
  std::size_t bytes = 0;           // of routing_id and envelope
};

}  // namespace

struct RouterPort::Parts {
  Parts(const RouterPortOptions& options, LogSink sink)
      : log(std::move(sink)),
        dropped_event(options.dropped),
        endpoint(options.host, options.port, options.frame_bytes_max, options.counts_peers) {}

  Route take(Token token) {
    auto route = routes.extract(token);
    DTI_CHECK(!route.empty());  // one reply for each message
    waiting_bytes -= route.mapped().bytes;
    return std::move(route.mapped());
  }

  /// The time at which log_drops() must be called; none: all drops are logged.
  [[nodiscard]] std::optional<SteadyTime> log_at() {
    if (endpoint.outbox().dropped() == dropped_logged) return std::nullopt;
    return drop_log_limit.passes_at();
  }

  void log_drops(SteadyTime now) {
    const auto at = log_at();
    if (!at || now < *at) return;
    static_cast<void>(drop_log_limit.pass(now));
    dropped_logged = endpoint.outbox().dropped();
    auto event = dropped_event;
    event.fields.emplace_back("dropped-in-all", std::to_string(dropped_logged));
    log(event);
  }

  const LogSink log;
  const LogEvent dropped_event;
  Endpoint endpoint;
  std::unordered_map<Token, Route> routes;  // of the messages that wait for their reply
  std::size_t waiting_bytes = 0;            // of routes
  Token last_token = 0;
  std::vector<zmq::message_t> frames;  // of the last received message
  LogLimit drop_log_limit{kDropLogInterval};
  std::uint64_t dropped_logged = 0;
};

static_assert(RouterPort::kFramesMax == kFramesMax);

RouterPort::RouterPort(const RouterPortOptions& options, LogSink log)
    : parts_(std::make_unique<Parts>(options, std::move(log))) {}

RouterPort::~RouterPort() = default;

std::optional<PeerMessage> RouterPort::receive() {
  auto& parts = *parts_;
  auto& endpoint = parts.endpoint;
  auto received = receive_frames(endpoint.router(), 1 + kFramesMax + 1);  // one more shows that there are too many
  if (!received) return std::nullopt;
  auto& frames = parts.frames;
  frames = *std::move(received);
  const auto views = frame_views(frames);
  const auto bytes = std::accumulate(views.begin(), views.end(), std::size_t{0},
                                     [](std::size_t sum, std::string_view frame) { return sum + frame.size(); });
  auto unpacked = unpack(std::span{views}.subspan(1));
  const Token token = ++parts.last_token;
  const auto kept = unpacked.too_many_frames ? frames[0].size() : bytes - unpacked.body.size();
  parts.waiting_bytes += kept;
  Route arrived{std::move(frames[0]), std::move(unpacked.envelope), endpoint.times_closed(), kept};
  const auto& route = parts.routes.emplace(token, std::move(arrived)).first->second;
  return PeerMessage{.token = token,
                     .peer = route.routing_id.to_string_view(),
                     .body = unpacked.body,
                     .bytes = bytes,
                     .is_too_long = unpacked.too_many_frames};
}

void RouterPort::reply(Token token, std::string_view body, SteadyTime now) {
  auto& endpoint = parts_->endpoint;
  auto route = parts_->take(token);
  if (route.times_closed != endpoint.times_closed()) return endpoint.outbox().count_drop(DropReason::kClosed);
  std::vector<zmq::message_t> frames;
  frames.reserve(1 + kFramesMax);
  frames.push_back(std::move(route.routing_id));
  for (const auto& frame : route.envelope.before) frames.emplace_back(frame.data(), frame.size());
  frames.emplace_back(body.data(), body.size());
  if (route.envelope.after) frames.emplace_back(route.envelope.after->data(), route.envelope.after->size());
  endpoint.outbox().send(std::move(frames), now);
}

void RouterPort::forget(Token token) { (void)parts_->take(token); }

std::size_t RouterPort::waiting_count() const { return parts_->routes.size(); }

std::size_t RouterPort::waiting_bytes() const { return parts_->waiting_bytes; }

void RouterPort::retry(SteadyTime now) {
  parts_->endpoint.outbox().retry(now);
  parts_->log_drops(now);
}

bool RouterPort::keeps_replies() const { return parts_->endpoint.outbox().wake_at().has_value(); }

std::uint64_t RouterPort::dropped() const { return parts_->endpoint.outbox().dropped(); }

Drops RouterPort::drops() const { return parts_->endpoint.outbox().drops(); }

std::uint64_t RouterPort::count_peers() { return parts_->endpoint.count_peers(); }

void RouterPort::close(SteadyTime now) {
  parts_->frames.clear();
  parts_->endpoint.close(now);
}

void RouterPort::park() {
  parts_->frames.clear();
  parts_->endpoint.park();
}

void RouterPort::listen(SteadyTime now) { parts_->endpoint.listen(now); }

void RouterPort::listen_again(SteadyTime now) {
  const auto at = parts_->endpoint.wake_at();
  if (at && now >= *at) parts_->endpoint.bind_again(now);
}

void RouterPort::finish() { parts_->endpoint.finish(); }

bool RouterPort::is_bound() const { return parts_->endpoint.is_bound(); }

bool RouterPort::is_parked() const { return parts_->endpoint.is_parked(); }

std::uint64_t RouterPort::times_closed() const { return parts_->endpoint.times_closed(); }

const std::string& RouterPort::address() const { return parts_->endpoint.address(); }

std::optional<SteadyTime> RouterPort::wake_at() const {
  std::optional<SteadyTime> earliest;
  for (const auto& at : {parts_->endpoint.outbox().wake_at(), parts_->endpoint.wake_at(), parts_->log_at()}) {
    if (at) earliest = std::min(earliest.value_or(*at), *at);
  }
  return earliest;
}

PollItem RouterPort::poll_item() { return {.socket = parts_->endpoint.router().handle()}; }

zmq::context_t& RouterPort::context() { return parts_->endpoint.context(); }

}  // namespace dti
