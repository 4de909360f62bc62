#include "dti/transport/zeromq/router_port.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include <zmq.hpp>

#include "dti/base/check.hpp"
#include "dti/base/log_limit.hpp"
#include "dti/keys/zap_message.hpp"
#include "dti/quota/message_counts.hpp"
#include "dti/quota/network.hpp"
#include "transport/zeromq/endpoint.hpp"
#include "transport/zeromq/envelope.hpp"
#include "transport/zeromq/frames.hpp"

namespace dti {
namespace {

constexpr auto kDropLogInterval = std::chrono::seconds{1};
constexpr auto kRefusalLogInterval = std::chrono::seconds{1};
constexpr int kSkippedMax = 64;        // messages without an accepted key that one receive() skips
constexpr int kMessagesPerClock = 64;  // that come without a pause and are counted at one time: less than a millisecond
constexpr auto kReportInterval = std::chrono::milliseconds{20};  // of libzmq's reports of connections
constexpr std::chrono::milliseconds kRetryAfterMin{100};  // so that a client with many requests does not repeat at once

/// The destination of a reply.
struct Route {
  zmq::message_t routing_id;
  Envelope envelope;
  std::uint64_t times_closed = 0;  // of the endpoint, when the message arrived
  KeyNumber key = 0;
  std::size_t bytes = 0;  // of routing_id and envelope
};

/// The keys that were refused: counted and logged by the thread of the handshakes.
class RefusedKeys {
 public:
  explicit RefusedKeys(LogSink log) : log_(std::move(log)) {}

  void add(const PublicKey& key, const std::string& address) {
    ++count_;
    const auto count = log_limit_.pass(std::chrono::steady_clock::now());
    if (!count) return;
    log_({LogLevel::kWarning,
          "key-refused",
          "a client tried to connect with a key that is not in the list",
          {{"key", key_prefix(key)}, {"address", address}, {"count", std::to_string(*count)}}});
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  const LogSink log_;
  LogLimit log_limit_{kRefusalLogInterval};  // of one thread after the other
  std::atomic<std::uint64_t> count_ = 0;
};

LogEvent event_of(const KeyChange& change) {
  std::vector<std::pair<std::string, std::string>> fields{
      {"name", change.key.name}, {"role", role_text(change.key.role)}, {"key", key_prefix(change.key.key)}};
  switch (change.kind) {
    case KeyChange::Kind::kAdded:
      return {LogLevel::kInfo, "key-added", "a key may connect from now on", std::move(fields)};
    case KeyChange::Kind::kRemoved:
      return {LogLevel::kInfo, "key-removed", "a key may no longer connect", std::move(fields)};
    case KeyChange::Kind::kChanged: break;
  }
  return {LogLevel::kInfo, "key-changed", "a key has another name or role from now on", std::move(fields)};
}

/// The text that the handshake attached to a message; empty if there is none.
std::string_view user_id_of(const zmq::message_t& frame) {
  const auto* const text = zmq_msg_gets(frame.handle(), "User-Id");
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

}  // namespace

struct RouterPort::Parts {
  Parts(const RouterPortOptions& options, LogSink sink)
      : log(std::move(sink)),
        dropped_event(options.dropped),
        plain_id(options.lock ? plain_user_id(options.lock->keys->mark()) : ""),
        endpoint(
            options.listen_at, options.frame_bytes_max, options.counts_peers, options.lock,
            [this](const PublicKey& key, const std::string& address) { refused_keys.add(key, address); },
            options.limits),
        messages(options.limits, log) {}

  struct Arrival {
    std::vector<zmq::message_t> frames;
    KeyNumber key = 0;
    std::size_t bytes = 0;
    std::chrono::milliseconds retry_after{0};
  };

  /// The next message whose key is accepted, or that came to a plain address, and that is not one of a flood.
  std::optional<Arrival> next() {
    for (int skipped = 0; skipped < kSkippedMax; ++skipped) {
      auto received = receive_frames(endpoint.router(), 1 + kFramesMax + 1);  // one more shows that there are too many
      if (!received) {
        messages_at_one_time = 0;
        return std::nullopt;
      }
      Arrival arrival{.frames = *std::move(received)};
      if (is_accepted(arrival) && may_come(arrival)) return arrival;
    }
    return std::nullopt;
  }

  /// Finds the key of a message.
  bool is_accepted(Arrival& arrival) {
    const auto& lock = endpoint.lock();
    if (!lock) return true;
    const auto user_id = user_id_of(arrival.frames.back());
    if (user_id == plain_id) return true;
    arrival.key = key_of(user_id, lock->keys->mark(), arrival.frames.front().to_string_view());
    if (arrival.key == 0) ++unidentified;
    return arrival.key != 0 && lock->keys->find(arrival.key) != nullptr;
  }

  /// Counts a message for the limit of its peer. If it is one of a flood, the connection is closed.
  bool may_come(Arrival& arrival) {
    for (const auto& frame : arrival.frames) arrival.bytes += frame.size();
    if (!messages.is_on()) return true;
    if (messages_at_one_time-- <= 0) {
      messages_at_one_time = kMessagesPerClock;
      counted_at = std::chrono::steady_clock::now();
    }
    auto& frame = arrival.frames.back();
    const auto network = peer_network(frame);
    std::optional<MessageCounts::Key> key;
    if (arrival.key != 0) key = {arrival.key, endpoint.lock()->keys->find(arrival.key)->name};
    const auto verdict = messages.count(key, network, arrival.bytes, counted_at);
    if (verdict.wait.count() == 0) return true;
    if (verdict.is_flood) {
      endpoint.end_connection(zmq_msg_get(frame.handle(), ZMQ_SRCFD), network);
      return false;
    }
    arrival.retry_after = std::max(std::chrono::ceil<std::chrono::milliseconds>(verdict.wait), kRetryAfterMin);
    return true;
  }

  /// libzmq takes the address from the connection; a peer cannot claim another one.
  Network peer_network(zmq::message_t& frame) {
    const auto* const address = zmq_msg_gets(frame.handle(), "Peer-Address");
    if (address == nullptr) return Network::kLocal;
    if (last_address != address) {  // a peer often sends several messages
      last_address = address;
      last_network = network_of(last_address);
    }
    return last_network;
  }

  [[nodiscard]] std::uint64_t refused_handshakes() const { return failures.mechanism + failures.other; }

  /// Logs the handshakes that failed, and the messages of peers that are not known.
  void log_refusals(SteadyTime now) {
    if (now >= report_at) {
      report_at = now + kReportInterval;
      static_cast<void>(endpoint.count_peers());  // reads the reports
    }
    log_excess(now);
    const auto fresh = endpoint.take_failures();
    failures.mechanism += fresh.mechanism;
    failures.other += fresh.other;
    const auto count = fresh.mechanism + fresh.other;
    if (count > 0 && endpoint.lock()) {
      if (const auto passed = refusal_log_limit.pass(now, count)) {
        log({LogLevel::kWarning,
             "handshake-refused",
             "a client could not connect: it has no key, it has the wrong key of this process, or it used a secured "
             "endpoint as a plain one or a plain one as a secured one",
             {{"count", std::to_string(*passed)}, {"in-all", std::to_string(refused_handshakes())}}});
      }
    }
    if (unidentified == unidentified_logged) return;
    if (!unidentified_log_limit.pass(now)) return;
    unidentified_logged = unidentified;
    log({LogLevel::kWarning,
         "peer-unidentified",
         "messages came without the identity that their connection was given; they were dropped, and their sender has "
         "to "
         "connect again",
         {{"in-all", std::to_string(unidentified)}}});
  }

  /// Logs the connections that exceeded a limit.
  void log_excess(SteadyTime now) {
    const auto fresh = endpoint.take_excess();
    const auto count = fresh.of_address + fresh.in_all;
    if (count == 0) return;
    excess.of_address += fresh.of_address;
    excess.in_all += fresh.in_all;
    const auto passed = excess_log_limit.pass(now, count);
    if (!passed) return;
    const std::string who = fresh.in_all > 0 ? "all clients together have" : "one address has";
    log({LogLevel::kWarning,
         "connections-refused",
         who + " as many connections as allowed, so newer ones were closed",
         {{"address", network_text(fresh.last)},
          {"count", std::to_string(*passed)},
          {"in-all", std::to_string(excess.of_address + excess.in_all)}}});
  }

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
  const std::string plain_id;               // the user id of plain peers, with a lock
  RefusedKeys refused_keys{log};            // shared with the thread of the handshakes
  Endpoint endpoint;                        // ends that thread
  std::unordered_map<Token, Route> routes;  // of the messages that wait for their reply
  std::size_t waiting_bytes = 0;            // of routes
  Token last_token = 0;
  MessageCounts messages;
  int messages_at_one_time = 0;  // that may still be counted at counted_at
  SteadyTime counted_at{};
  std::string last_address;
  Network last_network = Network::kLocal;
  SteadyTime report_at{};
  std::vector<zmq::message_t> frames;  // of the last received message
  LogLimit drop_log_limit{kDropLogInterval};
  std::uint64_t dropped_logged = 0;
  PeerCount::Failures failures;    // in all
  PeerCount::Excess excess;        // in all
  std::uint64_t unidentified = 0;  // messages
  std::uint64_t unidentified_logged = 0;
  LogLimit refusal_log_limit{kRefusalLogInterval};
  LogLimit unidentified_log_limit{kRefusalLogInterval};
  LogLimit excess_log_limit{kRefusalLogInterval};
};

static_assert(RouterPort::kFramesMax == kFramesMax);

RouterPort::RouterPort(const RouterPortOptions& options, LogSink log)
    : parts_(std::make_unique<Parts>(options, std::move(log))) {}

RouterPort::~RouterPort() = default;

std::optional<PeerMessage> RouterPort::receive() {
  auto& parts = *parts_;
  auto arrival = parts.next();
  if (!arrival) return std::nullopt;
  auto& frames = parts.frames;
  frames = std::move(arrival->frames);
  const auto views = frame_views(frames);
  auto unpacked = unpack(std::span{views}.subspan(1));
  const Token token = ++parts.last_token;
  const auto kept = unpacked.too_many_frames ? frames[0].size() : arrival->bytes - unpacked.body.size();
  parts.waiting_bytes += kept;
  Route arrived{std::move(frames[0]), std::move(unpacked.envelope), parts.endpoint.times_closed(), arrival->key, kept};
  const auto& route = parts.routes.emplace(token, std::move(arrived)).first->second;
  return PeerMessage{.token = token,
                     .peer = route.routing_id.to_string_view(),
                     .body = unpacked.body,
                     .bytes = arrival->bytes,
                     .is_too_long = unpacked.too_many_frames,
                     .key = arrival->key,
                     .retry_after = arrival->retry_after};
}

void RouterPort::reply(Token token, std::string_view body, SteadyTime now) {
  auto& endpoint = parts_->endpoint;
  auto route = parts_->take(token);
  const bool is_removed = route.key != 0 && endpoint.lock()->keys->find(route.key) == nullptr;
  if (is_removed || route.times_closed != endpoint.times_closed()) {
    return endpoint.outbox().count_drop(DropReason::kClosed);
  }
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
  parts_->log_refusals(now);
}

bool RouterPort::keeps_replies() const { return parts_->endpoint.outbox().wake_at().has_value(); }

std::uint64_t RouterPort::dropped() const { return parts_->endpoint.outbox().dropped(); }

Drops RouterPort::drops() const { return parts_->endpoint.outbox().drops(); }

Refusals RouterPort::refusals() const {
  return {parts_->refused_keys.count(), parts_->failures.mechanism, parts_->failures.other,
          parts_->unidentified,         parts_->excess.of_address,  parts_->excess.in_all,
          parts_->messages.refused(),   parts_->messages.dropped()};
}

std::uint64_t RouterPort::count_peers() { return parts_->endpoint.count_peers(); }

void RouterPort::close(SteadyTime now) {
  parts_->frames.clear();
  parts_->endpoint.close(now);
}

void RouterPort::change_keys(const KeyList& keys) {
  const auto& lock = parts_->endpoint.lock();
  if (!lock) return;
  for (const auto& change : lock->keys->replace(keys)) parts_->log(event_of(change));
  if (keys.empty()) {
    parts_->log({LogLevel::kWarning,
                 "no-keys",
                 "the key list is empty, so no one can connect to a secured endpoint: add keys and reload",
                 {}});
  }
  if (!lock->keys->has_removed_connections() || !is_bound()) return;
  parts_->endpoint.shut_secured();
  parts_->log(
      {LogLevel::kInfo,
       "connections-closed",
       "a removed key may be connected, so every connection of a secured endpoint was closed; clients can connect "
       "again at once",
       {}});
}

void RouterPort::change_limits(const PeerLimits& limits) {
  static_cast<void>(count_peers());  // the connections that are there by now come under the earlier limits
  parts_->endpoint.change(limits);
  parts_->messages.change(limits);
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

const std::vector<std::string>& RouterPort::addresses() const { return parts_->endpoint.addresses(); }

std::optional<SteadyTime> RouterPort::wake_at() const {
  std::optional<SteadyTime> earliest;
  for (const auto& at : {parts_->endpoint.outbox().wake_at(), parts_->endpoint.wake_at(), parts_->log_at()}) {
    if (at) earliest = std::min(earliest.value_or(*at), *at);
  }
  return earliest;
}

PollItem RouterPort::poll_item() { return {.socket = parts_->endpoint.router().handle()}; }

}  // namespace dti
