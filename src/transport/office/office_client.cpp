#include "dti/transport/office/office_client.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <span>
#include <string_view>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/room_codec.hpp"
#include "dti/service/client/server_client.hpp"
#include "dti/service/client/uuid.hpp"
#include "dti/transport/zeromq/context.hpp"
#include "dti/transport/zeromq/poll.hpp"
#include "dti/transport/zeromq/server_connection.hpp"

namespace dti {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto kTryTime = milliseconds{5'000};      // a command waits for the store, and for the requests before it
constexpr auto kConnectTime = milliseconds{2'000};  // for each address
constexpr int kRetries = 1'000'000;                 // the timeout limits them

std::uint64_t random_bits() {
  thread_local std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

ServerClientOptions client_options(const OfficeClientOptions& options) {
  return {.endpoints = options.servers,
          .request_timeout = std::min(kTryTime, options.timeout),
          .retries = kRetries,
          .budget = options.timeout};
}

/// Tells whether a server has decided nothing, and will decide nothing about this copy of the message.
bool is_refusal(Status status) { return status == Status::kNotLeader || status == Status::kOverloaded; }

}  // namespace

class OfficeClient::Shell {
 public:
  explicit Shell(const OfficeClientOptions& options)
      : servers_(options.servers), asks_faculty_(options.asks_faculty), client_(client_options(options), random_bits) {
    DTI_CHECK(options.locks.empty() || options.locks.size() == servers_.size());
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      connections_.emplace_back(context_.get(), servers_[i], kConnectTime, kReplyBytesMax,
                                options.locks.empty() ? std::nullopt : std::optional{options.locks[i]});
    }
  }

  std::variant<OfficeAnswer, NoOfficeReply> ask(const OfficeMessage& message, StopSignals& stop) {
    body_ = encode_office_message(message);
    id_ = message.command.id;
    // The message before may have had the same id, such as a dry run.
    is_dry_run_ = message.command.is_dry_run;
    sent_ = refused_ = 0;
    last_fault_.clear();
    end_.reset();
    client_.send(++token_, {id_, {id_}, message.command.semester}, Clock::now());
    perform_actions();
    while (!end_) {
      wait(stop);
      if (stop.stop_asked()) {
        client_.give_up_all("a signal requested a stop before the reply");
        perform_actions();
        std::get<NoOfficeReply>(*end_).was_stopped = true;
        break;
      }
      for (std::size_t server = 0; server < servers_.size() && !end_; ++server) follow(server);
      client_.on_tick(Clock::now());
      perform_actions();
    }
    return *std::move(end_);
  }

 private:
  void wait(const StopSignals& stop) {
    std::vector<PollItem> items{{.descriptor = stop.descriptor()}};
    auto wake_at = client_.wake_at();
    for (auto& connection : connections_) {
      connection.add_poll_items(items);
      const auto at = connection.wake_at();
      if (at) wake_at = std::min(wake_at.value_or(*at), *at);
    }
    wait_for(items, wake_at);
  }

  void follow(std::size_t server) {
    auto& connection = connections_[server];
    while (const auto change = connection.update(Clock::now())) {
      if (std::holds_alternative<ServerConnection::Connected>(*change)) {
        client_.on_connected(server, Clock::now());
      } else {
        take_replies(server);  // that arrived before the connection ended
        connection.reset();
        last_fault_ = std::get<ServerConnection::Lost>(*change).reason;
        client_.on_connection_lost(server, last_fault_, Clock::now());
      }
      perform_actions();
    }
    take_replies(server);
    perform_actions();
  }

  void take_replies(std::size_t server) {
    while (const auto body = end_ ? std::nullopt : connections_[server].receive()) take(server, *body);
  }

  void take(std::size_t server, const std::string& body) {
    auto reply = decode_office_reply(body);
    if (!reply && asks_faculty_) return take_room_answer(server, body);
    if (!reply) {
      const auto other = decode_allocation_reply(body);
      if (!other || !other->error || may_retry(other->error->status)) return;
      end_ =
          NoOfficeReply{servers_[server] + " knows no commands of the office: it is a faculty, or an earlier version"};
      return;
    }
    const auto& error = reply->outcome.error;
    if (!reply->command_id.empty() && (reply->command_id != id_ || reply->is_dry_run != is_dry_run_)) return;  // late
    if (error && is_refusal(error->status)) ++refused_;
    if (error && error->status == Status::kNotLeader && servers_.size() == 1 && !error->leader.empty()) {
      end_ = NoOfficeReply{servers_[server] + ": the server at " + error->leader + " leads", may_be_done(), false};
      return;
    }
    if (error && may_retry(error->status)) last_fault_ = servers_[server] + ": " + error->detail;
    const auto status = error ? error->status : Status::kOk;
    const auto match = client_.on_reply(server, {error, id_, {}, {{id_, status}}}, Clock::now());
    if (match && match->is_over) end_ = OfficeAnswer{*std::move(reply), servers_[server], sent_ > refused_ + 1};
  }

  /// An earlier version of the faculty reads a command as a request for rooms.
  void take_room_answer(std::size_t server, const std::string& body) {
    const auto answer = decode_room_answer(body);
    if (answer && answer->status == Status::kInvalidRequest) {
      end_ = NoOfficeReply{servers_[server] + " knows no commands: it is a faculty of an earlier version"};
    } else if (answer && answer->status == Status::kUnauthorized) {
      OfficeOutcome outcome;
      outcome.error = RequestError{answer->status, answer->detail, {}, {}};
      end_ = OfficeAnswer{{id_, is_dry_run_, std::move(outcome), false}, servers_[server]};
    }
  }

  void perform_actions() {
    for (auto actions = client_.take_actions(); !actions.empty(); actions = client_.take_actions()) {
      for (const auto& action : actions) std::visit([this](const auto& what) { perform(what); }, action);
    }
  }

  void perform(const ConnectEndpoint& action) { connections_[action.endpoint].connect(Clock::now()); }
  void perform(const ResetEndpoint& action) { connections_[action.endpoint].reset(); }
  void perform(const RequestEvent& /*event*/) {}
  void perform(const SendTry& action) {
    const std::string_view frames[] = {"", body_};
    if (connections_[action.endpoint].send(std::span{frames}.subspan(asks_faculty_ ? 0 : 1))) ++sent_;
  }
  void perform(const NotKnown& action) {
    if (end_) return;
    end_ = NoOfficeReply{action.reason + (last_fault_.empty() ? "" : ": " + last_fault_), may_be_done(), false};
  }

  [[nodiscard]] bool may_be_done() const { return sent_ > refused_; }

  // Fixed after construction.
  const std::vector<std::string> servers_;
  const bool asks_faculty_;
  ServerClient client_;
  Context context_;
  std::deque<ServerConnection> connections_;
  Token token_ = 0;
  // Of the present message.
  std::string body_;
  std::string id_;
  bool is_dry_run_ = false;
  int sent_ = 0;
  int refused_ = 0;  // copies of the message that no server will decide
  std::string last_fault_;
  std::optional<std::variant<OfficeAnswer, NoOfficeReply>> end_;
};

OfficeClient::OfficeClient(const OfficeClientOptions& options) : shell_(std::make_unique<Shell>(options)) {}

OfficeClient::~OfficeClient() = default;

std::variant<OfficeAnswer, NoOfficeReply> OfficeClient::ask(const OfficeMessage& message, StopSignals& stop) {
  return shell_->ask(message, stop);
}

std::string new_command_id() {
  const auto first = random_bits();
  return make_uuid(first, random_bits());
}

}  // namespace dti
