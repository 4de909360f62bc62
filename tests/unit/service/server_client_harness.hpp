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

struct Sent {
  std::size_t endpoint = 0;
  Token request = 0;
  SteadyTime at{};
};

// A ServerClient on a virtual clock, with what it did so far, sorted by kind. Each request has two parts.
class Client {
 public:
  explicit Client(ServerClientOptions options, std::uint64_t seed = 1)
      : client(std::move(options), [engine = std::mt19937_64{seed}]() mutable { return engine(); }) {}

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
  std::vector<std::size_t> resets;
  std::vector<RequestEvent> logged;
  bool servers_are_there = true;  // a connection is established as soon as it is wanted

 private:
  void collect() {
    for (auto& action : client.take_actions()) {
      if (const auto* send = std::get_if<SendTry>(&action)) {
        sent.push_back({send->endpoint, send->request, now});
        if (servers_are_there && connected.insert(send->endpoint).second) client.on_connected(send->endpoint, now);
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

  std::set<std::size_t> connected;  // endpoints
};

}  // namespace dti::client_test
