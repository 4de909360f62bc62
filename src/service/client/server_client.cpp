#include "dti/service/client/server_client.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/service/client/pause.hpp"
#include "dti/service/client/uuid.hpp"

namespace dti {
namespace {

using std::chrono::milliseconds;
using Kind = RequestEvent::Kind;

constexpr milliseconds kRetryAfterMax{5'000};     // of a server's retry-after: the budget is short
constexpr milliseconds kAvoidUnreachable{1'000};  // after a failed connection, the client tries the other servers first

constexpr const char* kNotInTime = "no server answered in time";

}  // namespace

// clients/python/src/dti_client/server_client.py repeats this policy in Python: change both together.

ServerClient::ServerClient(ServerClientOptions options, std::function<std::uint64_t()> random)
    : options_(std::move(options)), random_(std::move(random)), connections_(options_.endpoints.size()) {
  DTI_CHECK(!options_.endpoints.empty());
}

std::string ServerClient::fresh_id() {
  const auto first = random_();
  return make_uuid(first, random_());
}

void ServerClient::send(Token token, ClientRequest request, SteadyTime now) {
  DTI_CHECK(!request.correlation_ids.empty());
  for (const auto& id : request.correlation_ids) request_of_.emplace(id, token);
  Request begun;
  begun.token = token;
  begun.open_parts = request.correlation_ids.size();
  begun.facts = std::move(request);
  begun.endpoint = preferred_;
  begun.tries_left = 1 + std::max(0, options_.retries);
  begun.give_up_at = now + options_.budget;
  try_once(requests_.emplace(token, std::move(begun)).first->second, now);
}

std::optional<ReplyMatch> ServerClient::on_reply(std::size_t endpoint, const ServerReply& reply, SteadyTime now) {
  const auto token = find_request(endpoint, reply);
  if (!token) return std::nullopt;
  auto& request = requests_.at(*token);
  const bool is_of_current_try = request.is_trying && request.endpoint == endpoint;
  if (is_of_current_try) connections_[endpoint].silent = false;
  connections_[endpoint].avoid_until = {};

  // An error with an unknown code is read as kUnavailable. If it lists no part, it comes from an old server and is
  // final.
  ReplyMatch match{*token, !reply.error || !may_retry(reply.error->status) ||
                               (reply.error->status == Status::kUnavailable && reply.parts.empty())};
  std::unordered_set<std::string_view> listed;
  for (const auto& part : reply.parts) {
    if (!listed.insert(part.correlation_id).second) continue;
    const auto found = request_of_.find(std::string(part.correlation_id));
    if (found == request_of_.end() || found->second != *token || !match.answers(part.status)) continue;
    request_of_.erase(found);
    --request.open_parts;
  }
  if (match.is_over || request.open_parts == 0) {
    match.is_over = true;
    end_try(request);
    preferred_ = endpoint;
    log(Kind::kAnswered, "a server answered the request", request);
    forget_parts(request);
  } else if (is_of_current_try) {  // a late refusal does not end the current try
    on_refusal(request, *reply.error, now);
  }
  erase_ended();
  return match;
}

void ServerClient::on_connected(std::size_t endpoint, SteadyTime now) {
  auto& connection = connections_[endpoint];
  connection.connected = true;
  connection.silent = false;
  connection.since = now;
  for (auto& [token, request] : requests_) {
    if (request.is_trying && request.endpoint == endpoint && !request.is_sent) send_now(request, now);
  }
}

void ServerClient::on_connection_lost(std::size_t endpoint, const std::string& reason, SteadyTime now) {
  auto& connection = connections_[endpoint];
  connection.connected = connection.silent = false;
  connection.avoid_until = now + kAvoidUnreachable;
  for (auto& [token, request] : requests_) {
    if (!request.is_trying || request.endpoint != endpoint) continue;
    log(Kind::kTryLost, reason, request);
    const bool is_free = options_.retries > 0 || !request.is_sent;
    const auto* lost = request.is_sent ? "the connection to the server was lost" : "no server could be reached";
    try_again_later(request, {Status::kUnavailable, "", {}, {}}, is_free, lost, now);
  }
  erase_ended();
}

void ServerClient::on_tick(SteadyTime now) {
  for (auto& [token, request] : requests_) {
    if (now < request.next_at) continue;
    if (request.is_trying) {
      on_lost_try(request, now);
    } else if (now >= request.give_up_at) {
      give_up(request, request.endpoint, kNotInTime);
    } else {
      try_once(request, now);
    }
  }
  erase_ended();
}

void ServerClient::give_up_all(const std::string& reason) {
  for (auto& [token, request] : requests_) give_up(request, request.endpoint, reason);
  requests_.clear();
}

std::optional<SteadyTime> ServerClient::wake_at() const {
  std::optional<SteadyTime> earliest;
  for (const auto& [token, request] : requests_) {
    earliest = std::min(earliest.value_or(request.next_at), request.next_at);
  }
  return earliest;
}

std::vector<ServerClientAction> ServerClient::take_actions() { return std::exchange(actions_, {}); }

void ServerClient::try_once(Request& request, SteadyTime now) {
  auto& connection = connections_[request.endpoint];
  // A new connection loses the replies of the other tries on the old one. Those requests can be repeated if there are
  // retries. But each connection must stay for the time of a try; otherwise requests would end each other's tries.
  const bool may_end_others = options_.retries > 0 && now - connection.since >= options_.request_timeout;
  if (connection.connected && connection.silent && (connection.open_tries == 0 || may_end_others)) {
    reset(request.endpoint, now);
  }
  ++connection.open_tries;
  --request.tries_left;
  request.is_trying = true;
  request.is_sent = false;
  request.next_at = request.give_up_at;
  if (connection.connected) {
    send_now(request, now);
  } else {
    actions_.emplace_back(ConnectEndpoint{request.endpoint});
  }
}

void ServerClient::send_now(Request& request, SteadyTime now) {
  request.is_sent = request.was_sent = true;
  request.next_at = std::min(now + options_.request_timeout, request.give_up_at);
  log(Kind::kSent, "asked a server", request);
  actions_.emplace_back(SendTry{request.endpoint, request.token});
}

void ServerClient::end_try(Request& request) {
  if (!request.is_trying) return;
  request.is_trying = false;
  --connections_[request.endpoint].open_tries;
}

void ServerClient::on_lost_try(Request& request, SteadyTime now) {
  const auto* lost =
      request.is_sent ? "the server is connected but did not answer in time" : "there was no connection in time";
  log(Kind::kTryLost, lost, request);
  end_try(request);
  auto& connection = connections_[request.endpoint];
  connection.silent = true;
  connection.avoid_until = now + options_.request_timeout;
  // TCP detects a vanished peer late, and the messages in its queue must not arrive much later.
  if (connection.open_tries == 0) reset(request.endpoint, now);
  const auto next = next_endpoint(request, {}, now);
  if (request.tries_left == 0 || now >= request.give_up_at) return give_up(request, next, kNotInTime);
  request.endpoint = next;
  try_once(request, now);
}

void ServerClient::on_refusal(Request& request, const RequestError& error, SteadyTime now) {
  const std::string status(wire_text(error.status));
  log(Kind::kTryRefused, "the server answered " + status, request);
  const auto endpoint = request.endpoint;
  const bool is_free = error.status == Status::kNotLeader && options_.retries > 0;
  try_again_later(request, error, is_free, "no server could answer: " + status, now);
  look_behind_balancer(endpoint, error, now);
}

/// Makes a new connection if the address may belong to a load balancer, which can forward it to another server.
void ServerClient::look_behind_balancer(std::size_t endpoint, const RequestError& error, SteadyTime now) {
  const auto leader = find_leader(error);
  const bool is_standby = error.status == Status::kNotLeader && (!leader || *leader == endpoint);
  const bool is_only_server = error.status == Status::kUnavailable && connections_.size() == 1;
  if (!is_standby && !is_only_server) return;
  // A standby refuses the other requests on this connection too. An unavailable server may still answer them.
  const bool may_end_others = is_standby && options_.retries > 0;
  if (connections_[endpoint].open_tries > 0 && !may_end_others) return;
  for (auto& [token, other] : requests_) {
    if (!other.is_trying || other.endpoint != endpoint) continue;
    log(Kind::kTryLost, "its connection leads to a standby server", other);
    try_again_later(other, {Status::kUnavailable, "", {}, {}}, true, "no server could answer: NOT-LEADER", now);
  }
  reset(endpoint, now);
}

/// Schedules the next try after a failed one, or gives the request up.
/// @param is_free  the failed try does not count, because the server decided nothing. The budget limits such tries
/// @param reason  for NotKnown, if there is no other try
void ServerClient::try_again_later(Request& request, const RequestError& error, bool is_free, const std::string& reason,
                                   SteadyTime now) {
  end_try(request);
  if (is_free) ++request.tries_left;
  const auto leader = find_leader(error);
  // Only one redirection has no pause, because two servers may each name the other as the leader.
  if (leader && *leader != request.endpoint && connections_[*leader].avoid_until <= now && !request.redirected &&
      request.tries_left > 0) {
    request.redirected = true;
    request.endpoint = *leader;
    request.next_at = now;
    return;
  }
  request.redirected = false;
  const auto retry_after = std::min(error.retry_after.value_or(milliseconds{0}), kRetryAfterMax);
  const auto pause = std::max(retry_after, pause_after(++request.refusals, random_()));
  const auto next = next_endpoint(request, error, now);
  if (request.tries_left == 0 || now + pause >= request.give_up_at) return give_up(request, next, reason);
  request.endpoint = next;
  request.next_at = now + pause;
}

// The next request begins at the server that this request would have tried next. Otherwise, with few tries, no request
// would reach the last servers.
void ServerClient::give_up(Request& request, std::size_t next, const std::string& reason) {
  end_try(request);
  preferred_ = next;
  log(Kind::kGivenUp, reason, request);
  actions_.emplace_back(NotKnown{request.token, reason, request.was_sent});
  forget_parts(request);
}

void ServerClient::forget_parts(Request& request) {
  for (const auto& id : request.facts.correlation_ids) request_of_.erase(id);
  request.open_parts = 0;
}

void ServerClient::erase_ended() {
  std::erase_if(requests_, [](const auto& entry) { return entry.second.open_parts == 0; });
}

void ServerClient::reset(std::size_t endpoint, SteadyTime now) {
  connections_[endpoint].connected = connections_[endpoint].silent = false;
  connections_[endpoint].since = now;
  actions_.emplace_back(ResetEndpoint{endpoint});
}

std::optional<Token> ServerClient::find_request(std::size_t endpoint, const ServerReply& reply) const {
  for (const auto& part : reply.parts) {
    const auto found = request_of_.find(std::string(part.correlation_id));
    if (found != request_of_.end()) return found->second;
  }
  if (!reply.parts.empty()) return std::nullopt;  // late, or for another client
  // An error from an old server lists no part. It answers a request only if no other request can be meant.
  std::optional<Token> candidate;
  for (const auto& [token, request] : requests_) {
    if (reply.request_id ? reply.request_id != request.facts.request_id
                         : !request.is_trying || request.endpoint != endpoint) {
      continue;
    }
    if (reply.semester && reply.semester != request.facts.semester) continue;
    if (candidate || (!reply.request_id && connections_[endpoint].silent)) return std::nullopt;
    candidate = token;
  }
  return candidate;
}

/// The index of the leader that a refusal names; none if it is not one of the servers.
std::optional<std::size_t> ServerClient::find_leader(const RequestError& error) const {
  if (error.status != Status::kNotLeader) return std::nullopt;
  const auto leader = std::find(options_.endpoints.begin(), options_.endpoints.end(), error.leader);
  if (leader == options_.endpoints.end()) return std::nullopt;
  return static_cast<std::size_t>(leader - options_.endpoints.begin());
}

/// The server for the next try: the leader that the refusal names; otherwise the next server in turn that is not
/// avoided, because a standby may have become the leader. If all are avoided, it is the next server in turn.
std::size_t ServerClient::next_endpoint(const Request& request, const RequestError& error, SteadyTime now) const {
  if (error.status == Status::kOverloaded) return request.endpoint;
  const auto is_avoided = [&](std::size_t endpoint) { return now < connections_[endpoint].avoid_until; };
  if (const auto leader = find_leader(error); leader && !is_avoided(*leader)) return *leader;
  for (std::size_t i = 1; i <= connections_.size(); ++i) {
    const auto endpoint = (request.endpoint + i) % connections_.size();
    if (!is_avoided(endpoint)) return endpoint;
  }
  return (request.endpoint + 1) % connections_.size();
}

void ServerClient::log(Kind kind, std::string message, const Request& request) {
  actions_.emplace_back(RequestEvent{kind, request.token, request.endpoint, request.tries_left, std::move(message)});
}

}  // namespace dti
