#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "dti/service/client/server_client.hpp"

namespace dti::client_test {

using std::chrono::milliseconds;

inline constexpr SteadyTime kStart{std::chrono::hours{1}};

inline ServerClientOptions options_of_servers(std::size_t count, int retries = 10) {
  ServerClientOptions options;
  options.endpoints = {"a:1", "b:2", "c:3"};
  options.endpoints.resize(count);
  options.retries = retries;
  return options;
}

// A request that was sent, or (with request 0) a connection that the client wants.
struct Sent {
  std::size_t endpoint = 0;
  Token request = 0;
  SteadyTime at{};
};

// A ServerClient on a virtual clock, with what it did so far, sorted by kind. Each request has two parts.
class Client {
 public:
  explicit Client(ServerClientOptions options, std::uint64_t seed = 1)
      : client(options, [engine = std::mt19937_64{seed}]() mutable { return engine(); }),
        sends_once(options.retries <= 0) {}

  void send(Token token, const std::string& semester = "2025-10") {
    const auto id = std::to_string(token);
    requests[token] = {"request-" + id, {"first-of-" + id, "second-of-" + id}, semester};
    client.send(token, requests[token], now);
    collect();
  }
  std::optional<ReplyMatch> reply(std::size_t endpoint, const ServerReply& reply) {
    const auto match = client.on_reply(endpoint, reply, now);
    if (match && match->is_over) answered.push_back(match->request);
    collect();
    return match;
  }
  // A reply that lists each part of a request with this status.
  ServerReply reply_to(Token token, Status status = Status::kOk) const {
    ServerReply reply;
    for (const auto& id : requests.at(token).correlation_ids) reply.parts.push_back({id, status});
    return reply;
  }
  void answer(std::size_t endpoint, Token token) { reply(endpoint, reply_to(token)); }
  void refuse(std::size_t endpoint, Token token, RequestError error) {
    auto refusal = reply_to(token, error.status);
    refusal.error = std::move(error);
    reply(endpoint, refusal);
  }
  void connect(std::size_t endpoint) {
    connected.insert(endpoint);
    client.on_connected(endpoint, now);
    collect();
  }
  void lose(std::size_t endpoint) {
    connected.erase(endpoint);
    client.on_connection_lost(endpoint, "the connection was closed", now);
    collect();
  }
  void give_up_all() {
    client.give_up_all("the owner is stopping");
    collect();
  }
  // Moves the clock by `time`, waking the client exactly when it wants to be.
  void pass(milliseconds time) {
    const auto until = now + time;
    for (auto at = client.wake_at(); at && *at <= until; at = client.wake_at()) {
      now = std::max(now, *at);
      client.on_tick(now);
      collect();
    }
    now = until;
  }

  bool waits() const { return answered.empty() && not_known.empty(); }
  milliseconds elapsed() const { return std::chrono::duration_cast<milliseconds>(now - kStart); }

  SteadyTime now = kStart;
  ServerClient client;
  std::map<Token, ClientRequest> requests;
  std::vector<Token> answered;      // one entry for each outcome
  std::vector<NotKnown> not_known;  // the same
  std::vector<Sent> sent;
  std::vector<Sent> wanted;  // connections
  std::vector<std::size_t> resets;
  std::vector<RequestEvent> logged;
  bool servers_are_there = true;  // a connection is established as soon as it is wanted

 private:
  void collect() {
    for (auto actions = client.take_actions(); !actions.empty(); actions = client.take_actions()) perform(actions);
  }
  void perform(const std::vector<ServerClientAction>& actions) {
    for (const auto& action : actions) {
      if (const auto* send = std::get_if<SendTry>(&action)) {
        check(*send);
        sent.push_back({send->endpoint, send->request, now});
      } else if (const auto* connect = std::get_if<ConnectEndpoint>(&action)) {
        wanted.push_back({connect->endpoint, 0, now});
        if (servers_are_there && connected.insert(connect->endpoint).second) {
          client.on_connected(connect->endpoint, now);
        }
      } else if (const auto* reset = std::get_if<ResetEndpoint>(&action)) {
        resets.push_back(reset->endpoint);
        connected.erase(reset->endpoint);
      } else if (const auto* outcome = std::get_if<NotKnown>(&action)) {
        not_known.push_back(*outcome);
      } else {
        logged.push_back(std::get<RequestEvent>(action));
      }
    }
  }

  void check(const SendTry& send) const {
    EXPECT_TRUE(connected.contains(send.endpoint)) << "a request is sent over an established connection only";
    const auto has_outcome =
        std::count(answered.begin(), answered.end(), send.request) > 0 ||
        std::any_of(not_known.begin(), not_known.end(), [&](auto& outcome) { return outcome.request == send.request; });
    EXPECT_FALSE(has_outcome) << "a request is not sent after its outcome";
    const auto was_sent =
        std::any_of(sent.begin(), sent.end(), [&](auto& earlier) { return earlier.request == send.request; });
    EXPECT_FALSE(sends_once && was_sent) << "without retries, a request is sent once";
  }

  const bool sends_once;
  std::set<std::size_t> connected;  // endpoints
};

}  // namespace dti::client_test
