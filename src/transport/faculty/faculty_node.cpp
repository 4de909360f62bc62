#include "dti/transport/faculty/faculty_node.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <zmq.hpp>

#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/envelope.hpp"
#include "dti/protocol/room_codec.hpp"
#include "dti/transport/zeromq/frames.hpp"
#include "dti/transport/zeromq/outbox.hpp"
#include "dti/transport/zeromq/server_connection.hpp"
#include "dti/transport/zeromq/sockets.hpp"

namespace dti {
namespace {

using Clock = std::chrono::steady_clock;

// Of a stop's 2 s: who asked in the last moment is answered, then libzmq's linger, then the end of the contexts.
constexpr auto kLateTime = std::chrono::milliseconds{300};
constexpr auto kQuietTime = std::chrono::milliseconds{20};  // nothing came for so long: nothing is on its way
// How long a connection to a server may take, for each of its addresses: as long as a try, within these.
constexpr auto kConnectTimeMin = std::chrono::milliseconds{250};
constexpr auto kConnectTimeMax = std::chrono::milliseconds{2'000};
// Messages taken from one socket before the others have their turn.
constexpr int kMessagesPerTurn = 256;
// Of the routing ids and envelopes of programs that wait, which are theirs to choose and must be kept.
constexpr std::size_t kEnvelopeBytesMax = 64 * 1024 * 1024;

std::uint64_t random_bits() {
  thread_local std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

// Where an answer goes.
struct ReturnAddress {
  std::string routing_id;
  Envelope envelope;

  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = routing_id.size() + (envelope.after ? envelope.after->size() : 0);
    for (const auto& frame : envelope.before) sum += frame.size();
    return sum;
  }
};

}  // namespace

class FacultyNode::Shell {
 public:
  Shell(FacultyNodeOptions options, LogSink log)
      : servers_(options.service.endpoints),
        service_(options.service, random_bits),
        log_(std::move(log)),
        router_(bind_router(context_, options.bind_host, options.port)),
        endpoint_(router_.get(zmq::sockopt::last_endpoint)) {
    const auto try_time = std::clamp(options.service.request_timeout, kConnectTimeMin, kConnectTimeMax);
    for (const auto& server : servers_) connections_.emplace_back(context_, server, try_time);
  }

  ~Shell() { close(); }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }

  int run(StopSignals& stop) {
    while (!exit_code_) {
      wait(stop);
      if (stop.stop_asked()) service_.on_stop(Clock::now());
      take_from_programs();
      for (std::size_t server = 0; server < connections_.size(); ++server) follow_server(server);
      const auto now = Clock::now();
      if (const auto at = service_.wake_at(); at && *at <= now) service_.on_tick(now);
      perform_actions();
      outbox_.retry(Clock::now());
      log_drops();
    }
    refuse_late_programs();
    close();
    return *exit_code_;
  }

 private:
  void wait(const StopSignals& stop) {
    std::vector<zmq::pollitem_t> items;
    items.push_back({router_.handle(), 0, ZMQ_POLLIN, 0});
    items.push_back({nullptr, stop.descriptor(), ZMQ_POLLIN, 0});
    auto wake_at = service_.wake_at();
    const auto consider = [&](std::optional<Clock::time_point> at) {
      if (at && (!wake_at || *at < *wake_at)) wake_at = at;
    };
    consider(outbox_.wake_at());
    for (auto& connection : connections_) {
      connection.add_poll_items(items);
      consider(connection.wake_at());
    }
    wait_for(items, wake_at);
  }

  // Those who asked in the last moment are told that it was too late: old ones wait without end.
  void refuse_late_programs() {
    const auto deadline = Clock::now() + kLateTime;
    bool more = true;
    while (more && Clock::now() < deadline) {
      more = take_from_programs();
      perform_actions();
      outbox_.retry(Clock::now());
      if (more) continue;
      zmq::pollitem_t items[] = {{router_.handle(), 0, ZMQ_POLLIN, 0}};
      wait_for(items, std::min({deadline, Clock::now() + kQuietTime, outbox_.wake_at().value_or(deadline)}));
      more = items[0].revents != 0 || outbox_.wake_at();
    }
    log_drops();
  }

  // Lets the last answers leave, for which the socket's linger is the bound.
  void close() {
    outbox_.drop_all();
    router_.close();
    connections_.clear();
    context_.close();
  }

  /// @return may more have come?
  bool take_from_programs() {
    for (int i = 0; i < kMessagesPerTurn; ++i) {
      const auto frames = receive_frames(router_, 1 + kFramesMax + 1);  // one too many, to see that there are
      if (!frames) return false;
      if (frames->size() > 1) handle_program(frame_views(*frames));
    }
    return true;
  }

  void handle_program(const std::vector<std::string_view>& views) {
    const auto unpacked = unpack(std::span(views).subspan(1));
    ReturnAddress address{std::string(views[0]), unpacked.envelope};
    if (unpacked.too_many_frames) {
      service_.on_malformed_request(std::nullopt, address.routing_id, Clock::now());
      return refuse(address, Status::kInvalidRequest, "more than " + std::to_string(kFramesMax) + " frames");
    }
    const auto decoded = decode_room_request(unpacked.body);
    if (const auto* malformed = std::get_if<MalformedRoomRequest>(&decoded)) {
      log_some("request-malformed", "a program's request was malformed: " + malformed->detail);
      const auto& name = malformed->program_name;
      service_.on_malformed_request(malformed->semester, name.empty() ? address.routing_id : name, Clock::now());
      return refuse(address, Status::kInvalidRequest, malformed->detail);
    }
    if (envelope_bytes_ + address.bytes() > kEnvelopeBytesMax) {
      return refuse(address, Status::kOverloaded, "too much waits for an answer; ask again later");
    }
    envelope_bytes_ += address.bytes();
    const auto token = ++last_token_;
    waiting_.emplace(token, std::move(address));
    service_.on_room_request(token, std::get<RoomRequest>(decoded), Clock::now());
  }

  void follow_server(std::size_t server) {
    auto& connection = connections_[server];
    while (auto change = connection.update(Clock::now())) {
      if (const auto* connected = std::get_if<ServerConnection::Connected>(&*change)) {
        service_.on_connected(server, Clock::now());
        if (!connected->skipped.empty()) {
          log_some("address-skipped", "connected to " + servers_[server] + ", but " + connected->skipped);
        }
      } else {
        take_from_server(server);  // replies that came just before the end
        connection.reset();
        service_.on_connection_lost(server, std::get<ServerConnection::Lost>(*change).reason, Clock::now());
      }
    }
    take_from_server(server);
  }

  void take_from_server(std::size_t server) {
    for (int i = 0; i < kMessagesPerTurn; ++i) {
      const auto frames = connections_[server].receive(kFramesMax);
      if (!frames) return;
      const auto views = frame_views(*frames);
      if (const auto reply = decode_allocation_reply(unpack(views).body)) {
        service_.on_reply(server, *reply, Clock::now());
      } else {
        log_some("reply-skipped", servers_[server] + " sent something that is no reply; it was skipped");
      }
    }
  }

  void perform_actions() {
    for (auto& action : service_.take_actions()) std::visit([this](const auto& what) { perform(what); }, action);
  }

  void perform(const SendRoomAnswer& action) {
    const auto waiting = waiting_.extract(action.token);
    envelope_bytes_ -= waiting.mapped().bytes();
    send_answer(waiting.mapped(), action.answer);
  }

  void perform(const SendRequest& action) {
    const auto body = encode_allocation_request(action.request);
    const std::string_view frames[] = {body};
    // A request that was not sent is a try without an answer: the service goes on when its time is over.
    if (!connections_[action.endpoint].send(frames, Clock::now())) {
      log_some("request-dropped", "too many requests wait for the connection to " + servers_[action.endpoint]);
    }
  }

  void perform(const ResetEndpoint& action) { connections_[action.endpoint].reset(); }

  void perform(const LogEvent& event) { log_(event); }

  void perform(const Exit& exit) {
    exit_code_ = exit.code;
    if (!exit.reason.empty()) log_({LogLevel::kError, "stopped", exit.reason, {}});
  }

  void refuse(const ReturnAddress& address, Status status, std::string detail) {
    send_answer(address, {.status = status, .grant = {}, .detail = std::move(detail)});
  }

  void send_answer(const ReturnAddress& address, const RoomAnswer& answer) {
    const auto body = encode_room_answer(answer);
    std::vector<zmq::message_t> frames;
    frames.reserve(1 + kFramesMax);
    const auto add = [&frames](std::string_view frame) { frames.emplace_back(frame.data(), frame.size()); };
    add(address.routing_id);
    for (const auto& frame : address.envelope.before) add(frame);
    add(body);
    if (address.envelope.after) add(*address.envelope.after);
    outbox_.send(std::move(frames), Clock::now());
  }

  // A program that has gone or does not read loses its answers; one that asks again gets them.
  void log_drops() {
    if (std::bit_width(outbox_.dropped()) == std::bit_width(drops_logged_)) return;
    drops_logged_ = outbox_.dropped();
    log_({LogLevel::kWarning,
          "answer-dropped",
          "a program has gone or does not read its answers",
          {{"count", std::to_string(drops_logged_)}}});
  }

  // Logs the 1st, 2nd, 4th, 8th … event of a kind: peers can bring these about as often as they like.
  void log_some(const std::string& event, const std::string& message) {
    const auto count = ++counts_[event];
    if (std::has_single_bit(count)) log_({LogLevel::kWarning, event, message, {{"count", std::to_string(count)}}});
  }

  // Fixed after construction.
  const std::vector<std::string> servers_;  // host:port
  FacultyService service_;
  const LogSink log_;

  zmq::context_t context_;  // outlives its sockets
  zmq::socket_t router_;
  Outbox outbox_{router_};
  std::uint64_t drops_logged_ = 0;
  const std::string endpoint_;
  std::deque<ServerConnection> connections_;  // by server

  std::unordered_map<Token, ReturnAddress> waiting_;
  std::size_t envelope_bytes_ = 0;  // of waiting_
  Token last_token_ = 0;
  std::map<std::string, std::uint64_t> counts_;  // by event
  std::optional<int> exit_code_;
};

FacultyNode::FacultyNode(FacultyNodeOptions options, LogSink log)
    : shell_(std::make_unique<Shell>(std::move(options), std::move(log))) {}

FacultyNode::~FacultyNode() = default;

std::string FacultyNode::endpoint() const { return shell_->endpoint(); }

int FacultyNode::run(StopSignals& stop) { return shell_->run(stop); }

}  // namespace dti
