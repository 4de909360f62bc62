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
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/room_codec.hpp"
#include "dti/transport/zeromq/poll.hpp"
#include "dti/transport/zeromq/router_port.hpp"
#include "dti/transport/zeromq/server_connection.hpp"

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

RouterPortOptions port_options(const FacultyNodeOptions& options) {
  return {.host = options.bind_host,
          .port = options.port,
          .frame_bytes_max = kFrameBytesMax,
          .dropped = {LogLevel::kWarning, "answer-dropped", "a program has gone or does not read its answers", {}}};
}

}  // namespace

class FacultyNode::Shell {
 public:
  Shell(FacultyNodeOptions options, LogSink log)
      : servers_(options.service.client.endpoints),
        service_(options.service, random_bits),
        log_(std::move(log)),
        port_(port_options(options), log_) {
    const auto try_time = std::clamp(options.service.client.request_timeout, kConnectTimeMin, kConnectTimeMax);
    for (const auto& server : servers_) {
      connections_.emplace_back(port_.context(), server, try_time, kReplyBytesMax);
    }
  }

  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  [[nodiscard]] const std::string& endpoint() const { return port_.address(); }

  int run(StopSignals& stop) {
    while (!exit_code_) {
      wait(stop);
      if (stop.stop_asked()) service_.on_stop(Clock::now());
      take_from_programs();
      for (std::size_t server = 0; server < connections_.size(); ++server) follow_server(server);
      const auto now = Clock::now();
      if (const auto at = service_.wake_at(); at && *at <= now) service_.on_tick(now);
      perform_actions();
      port_.retry(Clock::now());
    }
    refuse_late_programs();
    connections_.clear();
    port_.finish();
    return *exit_code_;
  }

 private:
  void wait(const StopSignals& stop) {
    std::vector<PollItem> items{port_.poll_item(), {.descriptor = stop.descriptor()}};
    auto wake_at = service_.wake_at();
    const auto consider = [&](std::optional<SteadyTime> at) {
      if (at && (!wake_at || *at < *wake_at)) wake_at = at;
    };
    consider(port_.wake_at());
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
      port_.retry(Clock::now());
      if (more) continue;
      PollItem items[] = {port_.poll_item()};
      wait_for(items, std::min({deadline, Clock::now() + kQuietTime, port_.wake_at().value_or(deadline)}));
      more = items[0].is_ready || port_.keeps_replies();
    }
  }

  /// @return may more have come?
  bool take_from_programs() {
    for (int i = 0; i < kMessagesPerTurn; ++i) {
      const auto message = port_.receive();
      if (!message) return false;
      handle_program(*message);
    }
    return true;
  }

  void handle_program(const PeerMessage& message) {
    const std::string peer{message.peer};
    if (message.is_too_long) {
      service_.on_malformed_request(std::nullopt, peer, Clock::now());
      return refuse(message.token, Status::kInvalidRequest,
                    "more than " + std::to_string(RouterPort::kFramesMax) + " frames");
    }
    const auto decoded = decode_room_request(message.body);
    if (const auto* malformed = std::get_if<MalformedRoomRequest>(&decoded)) {
      log_some("request-malformed", "a program's request was malformed: " + malformed->detail);
      const auto& name = malformed->program_name;
      service_.on_malformed_request(malformed->semester, name.empty() ? peer : name, Clock::now());
      return refuse(message.token, Status::kInvalidRequest, malformed->detail);
    }
    if (port_.waiting_bytes() > kEnvelopeBytesMax) {
      return refuse(message.token, Status::kOverloaded, "too much waits for an answer; ask again later");
    }
    service_.on_room_request(message.token, std::get<RoomRequest>(decoded), Clock::now());
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
      const auto body = connections_[server].receive();
      if (!body) return;
      if (const auto reply = decode_allocation_reply(*body)) {
        service_.on_reply(server, *reply, Clock::now());
      } else {
        log_some("reply-skipped", servers_[server] + " sent something that is no reply; it was skipped");
      }
    }
  }

  void perform_actions() {
    for (auto& action : service_.take_actions()) std::visit([this](const auto& what) { perform(what); }, action);
  }

  void perform(const SendRoomAnswer& action) { answer(action.token, action.answer); }

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

  void refuse(Token token, Status status, std::string detail) {
    answer(token, {.status = status, .grant = {}, .detail = std::move(detail)});
  }

  void answer(Token token, const RoomAnswer& answer) {
    port_.reply(token, encode_room_answer(answer), Clock::now());
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

  RouterPort port_;                           // outlives the connections
  std::deque<ServerConnection> connections_;  // by server
  std::map<std::string, std::uint64_t> counts_;  // by event
  std::optional<int> exit_code_;
};

FacultyNode::FacultyNode(FacultyNodeOptions options, LogSink log)
    : shell_(std::make_unique<Shell>(std::move(options), std::move(log))) {}

FacultyNode::~FacultyNode() = default;

std::string FacultyNode::endpoint() const { return shell_->endpoint(); }

int FacultyNode::run(StopSignals& stop) { return shell_->run(stop); }

}  // namespace dti
