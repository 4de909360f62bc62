#include "dti/transport/faculty/faculty_node.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dti/base/check.hpp"
#include "dti/protocol/allocation_codec.hpp"
#include "dti/transport/resources/resource_watch.hpp"
#include "dti/transport/zeromq/context.hpp"
#include "dti/transport/zeromq/poll.hpp"
#include "dti/transport/zeromq/router_port.hpp"
#include "dti/transport/zeromq/server_connection.hpp"
#include "transport/faculty/program_handler.hpp"

namespace dti {
namespace {

using Clock = std::chrono::steady_clock;

// A part of the 2 s of a stop, for replies to late requests. The linger time of libzmq and the end of the contexts
// follow.
constexpr auto kLateTime = std::chrono::milliseconds{300};
constexpr auto kQuietTime = std::chrono::milliseconds{20};  // without a message for this time, no more are expected
// How long a connection to each address of a server may take: the time of a try, within these limits.
constexpr auto kConnectTimeMin = std::chrono::milliseconds{250};
constexpr auto kConnectTimeMax = std::chrono::milliseconds{2'000};
// Messages to read from one socket before the next socket.
constexpr int kMessagesPerTurn = 256;
constexpr auto kPublishInterval = std::chrono::milliseconds{100};  // of the figures
constexpr auto kPublishAgainAfter = std::chrono::milliseconds{5};  // a reader was in the way

std::uint64_t random_bits() {
  thread_local std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

RouterPortOptions port_options(const FacultyNodeOptions& options) {
  return {
      .listen_at = options.listen_at,
      .frame_bytes_max = kFrameBytesMax,
      .counts_peers = true,
      .dropped = {LogLevel::kWarning, "answer-dropped", "a program has disconnected or does not read its replies", {}},
      .lock = options.lock,
      .limits = options.limits};
}

/// The connections to the servers, in the order of the options.
class Connections final : public ServerLinks {
 public:
  Connections(zmq::context_t& context, const FacultyNodeOptions& options) {
    const auto& servers = options.service.client.endpoints;
    const auto try_time = std::clamp(options.service.client.request_timeout, kConnectTimeMin, kConnectTimeMax);
    const auto& locks = options.server_locks;
    DTI_CHECK(locks.empty() || locks.size() == servers.size());
    for (std::size_t i = 0; i < servers.size(); ++i) {
      all.emplace_back(context, servers[i], try_time, kReplyBytesMax,
                       locks.empty() ? std::nullopt : std::optional{locks[i]});
    }
  }

  void connect(std::size_t server, SteadyTime now) override { all[server].connect(now); }
  bool send(std::size_t server, std::string_view body) override {
    const std::string_view frames[] = {body};
    return all[server].send(frames);
  }
  void reset(std::size_t server) override { all[server].reset(); }

  std::deque<ServerConnection> all;
};

}  // namespace

class FacultyNode::Shell {
 public:
  Shell(FacultyNodeOptions options, LogSink log)
      : service_(options.service, random_bits),
        port_(port_options(options), log),
        connections_(context_.get(), options),
        resource_watch_("the faculty", options.memory_max, options.memory_max_name, log),
        programs_(port_, connections_, service_, options.service.client.endpoints, std::move(log),
                  {options.service.name, options.lock ? options.lock->keys : nullptr}),
        servers_(options.service.client.endpoints) {
    publish_if_due(Clock::now());
  }

  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  [[nodiscard]] const std::vector<std::string>& endpoints() const { return port_.addresses(); }
  [[nodiscard]] const FacultyBoard& figures() const { return figures_; }

  void change(const FacultyChanges& changes) {
    service_.change_batches(changes.programs_min, changes.batch_wait, Clock::now());
    port_.change_limits(changes.limits);
    resource_watch_.change_memory_max(changes.memory_max);
    if (changes.keys) port_.change_keys(*changes.keys);
  }

  int run(StopSignals& stop) {
    while (!programs_.exit_code()) {
      wait(stop);
      if (stop.stop_asked()) {
        service_.on_stop(Clock::now());
        programs_.perform_actions(Clock::now());
      }
      take_from_programs();
      for (std::size_t server = 0; server < connections_.all.size(); ++server) follow_server(server);
      const auto now = Clock::now();
      if (const auto at = service_.wake_at(); at && *at <= now) {
        service_.on_tick(now);
        programs_.perform_actions(now);
      }
      port_.retry(Clock::now());
      resource_watch_.check(port_, false, Clock::now());
      if (!port_.is_bound()) port_.listen_again(Clock::now());
      publish_if_due(Clock::now());
    }
    refuse_late_programs();
    connections_.all.clear();
    port_.finish();
    return *programs_.exit_code();
  }

 private:
  void wait(const StopSignals& stop) {
    std::vector<PollItem> items{{.descriptor = stop.descriptor()}};
    if (port_.is_bound()) items.push_back(port_.poll_item());
    auto wake_at = service_.wake_at();
    const auto consider = [&](std::optional<SteadyTime> at) {
      if (at && (!wake_at || *at < *wake_at)) wake_at = at;
    };
    consider(port_.wake_at());
    consider(publish_at_);  // the port reads the reports of connections as often
    consider(resource_watch_.wake_at());
    for (auto& connection : connections_.all) {
      connection.add_poll_items(items);
      consider(connection.wake_at());
    }
    wait_for(items, wake_at);
  }

  // Replies to programs whose requests came too late, because old programs wait forever for a reply.
  void refuse_late_programs() {
    const auto deadline = Clock::now() + kLateTime;
    bool more = port_.is_bound();
    while (more && Clock::now() < deadline) {
      more = take_from_programs();
      port_.retry(Clock::now());
      if (more) continue;
      PollItem items[] = {port_.poll_item()};
      wait_for(items, std::min({deadline, Clock::now() + kQuietTime, port_.wake_at().value_or(deadline)}));
      more = items[0].is_ready || port_.keeps_replies();
    }
  }

  /// @return true if there may be more messages
  bool take_from_programs() {
    bool more = port_.is_bound();
    for (int i = 0; more && i < kMessagesPerTurn; ++i) more = programs_.handle_next(Clock::now());
    programs_.perform_actions(Clock::now());
    return more;
  }

  void follow_server(std::size_t server) {
    auto& connection = connections_.all[server];
    while (auto change = connection.update(Clock::now())) {
      if (const auto* connected = std::get_if<ServerConnection::Connected>(&*change)) {
        programs_.handle_connection(server, connected->skipped, Clock::now());
      } else {
        take_from_server(server);  // replies that arrived before the connection ended
        connection.reset();
        service_.on_connection_lost(server, std::get<ServerConnection::Lost>(*change).reason, Clock::now());
      }
      programs_.perform_actions(Clock::now());
    }
    take_from_server(server);
  }

  // Performs the actions after the last message, because an action may close the connection.
  void take_from_server(std::size_t server) {
    for (int i = 0; i < kMessagesPerTurn; ++i) {
      const auto body = connections_.all[server].receive();
      if (!body) break;
      programs_.handle_reply(server, *body, Clock::now());
    }
    programs_.perform_actions(Clock::now());
  }

  void publish_if_due(SteadyTime now) {
    if (now < publish_at_) return;
    publish_at_ = now + (figures_.publish(figures_of(now)) ? kPublishInterval : kPublishAgainAfter);
  }

  FacultyFigures figures_of(SteadyTime now) {
    FacultyFigures figures{
        .at = now,
        .counts = service_.counts(),
        .answers = programs_.answers(),
        .takes_requests = service_.takes_requests(),
        .programs_waiting = service_.waiting_count(),
        .batches_gathering = service_.gathering_count(),
        .batches_asked = service_.asked_count(),
        .servers = {},
        .peers = port_.count_peers(),
        .replies_dropped = port_.drops(),
        .refusals = port_.refusals(),
        .times_closed = port_.times_closed(),
        .memory_max = resource_watch_.memory_max(),
    };
    const auto& client = service_.client();
    for (std::size_t server = 0; server < servers_.size(); ++server) {
      figures.servers.push_back({servers_[server], client.is_connected(server), client.preferred() == server});
    }
    return figures;
  }

  FacultyService service_;
  RouterPort port_;
  Context context_;  // of the connections, because the port closes its own when a key was removed
  Connections connections_;
  ResourceWatch resource_watch_;
  ProgramHandler programs_;
  const std::vector<std::string> servers_;
  SteadyTime publish_at_{};
  // Shared with the threads that read it.
  FacultyBoard figures_{FacultyFigures{}};
};

FacultyNode::FacultyNode(FacultyNodeOptions options, LogSink log)
    : shell_(std::make_unique<Shell>(std::move(options), std::move(log))) {}

FacultyNode::~FacultyNode() = default;

const std::vector<std::string>& FacultyNode::endpoints() const { return shell_->endpoints(); }

const FacultyBoard& FacultyNode::figures() const { return shell_->figures(); }

int FacultyNode::run(StopSignals& stop) { return shell_->run(stop); }

void FacultyNode::change(const FacultyChanges& changes) { shell_->change(changes); }

}  // namespace dti
