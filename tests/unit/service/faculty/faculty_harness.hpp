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

#include "dti/service/faculty/faculty_service.hpp"

namespace dti::faculty_test {

using std::chrono::milliseconds;

inline constexpr SteadyTime kStart{std::chrono::hours{1}};

inline FacultyOptions options_of_three_servers() {
  FacultyOptions options;
  options.name = "derecho";
  options.client.endpoints = {"a:1", "b:2", "c:3"};
  options.programs_min = 2;
  return options;
}

// A FacultyService on a virtual clock, with what it did so far, sorted by kind.
class Faculty {
 public:
  explicit Faculty(FacultyOptions options, std::uint64_t seed = 1)
      : service(std::move(options), [engine = std::mt19937_64{seed}]() mutable { return engine(); }) {}

  void ask(Token token, const std::string& semester = "2025-10") {
    ask({.program_name = name_of(token), .semester = semester, .want = {7, 2}, .client_id = {}}, token);
  }
  void ask(const RoomRequest& request, Token token) {
    service.on_room_request(token, request, now);
    collect();
  }
  void reply(std::size_t endpoint, const AllocationReply& reply) {
    service.on_reply(endpoint, reply, now);
    collect();
  }
  void command(Token token, const OfficeCommand& command) {
    service.on_command(token, command, now);
    collect();
  }
  void reply_to_command(std::size_t endpoint, const CommandReply& reply) {
    service.on_command_reply(endpoint, reply, now);
    collect();
  }
  void lose(std::size_t endpoint) {
    connected.erase(endpoint);
    service.on_connection_lost(endpoint, "the connection was closed", now);
    collect();
  }
  void ask_malformed(const std::optional<std::string>& semester, const std::string& asker) {
    service.on_malformed_request(semester, asker, now);
    collect();
  }
  void change_batches(std::size_t programs_min, milliseconds batch_wait) {
    service.change_batches(programs_min, batch_wait, now);
    collect();
  }
  void stop() {
    service.on_stop(now);
    collect();
  }
  // Moves the clock by `time`, waking the service exactly when it wants to be.
  void pass(milliseconds time) {
    const auto until = now + time;
    for (auto at = service.wake_at(); at && *at <= until; at = service.wake_at()) {
      now = std::max(now, *at);
      service.on_tick(now);
      collect();
    }
    now = until;
  }

  static std::string name_of(Token token) { return "program-" + std::to_string(token); }
  const RoomAnswer& answer_of(Token token) const { return answers.at(token).at(0); }
  Status status_of(Token token) const { return answers.at(token).at(0).status; }

  SteadyTime now = kStart;
  FacultyService service;
  std::map<Token, std::vector<RoomAnswer>> answers;
  std::vector<SendRequest> sent;
  std::map<Token, std::vector<CommandReply>> command_replies;
  std::vector<SendCommand> commands;
  std::vector<std::size_t> resets;
  std::vector<Exit> exits;
  std::vector<LogEvent> logged;
  bool servers_are_there = true;  // a connection is established as soon as it is wanted

 private:
  void collect() {
    for (auto actions = service.take_actions(); !actions.empty(); actions = service.take_actions()) perform(actions);
  }
  void perform(std::vector<FacultyAction>& actions) {
    for (auto& action : actions) {
      EXPECT_TRUE(exits.empty() || std::holds_alternative<SendRoomAnswer>(action) ||
                  std::holds_alternative<SendCommandReply>(action))
          << "after Exit come only refusals";
      if (auto* answer = std::get_if<SendRoomAnswer>(&action)) {
        answers[answer->token].push_back(answer->answer);
      } else if (auto* send = std::get_if<SendRequest>(&action)) {
        EXPECT_TRUE(connected.contains(send->endpoint)) << "a request is sent over an established connection only";
        sent.push_back(*send);
      } else if (auto* answer_of_command = std::get_if<SendCommandReply>(&action)) {
        command_replies[answer_of_command->token].push_back(answer_of_command->reply);
      } else if (auto* command = std::get_if<SendCommand>(&action)) {
        EXPECT_TRUE(connected.contains(command->endpoint)) << "a command is sent over an established connection only";
        commands.push_back(*command);
      } else if (auto* connect = std::get_if<ConnectEndpoint>(&action)) {
        if (servers_are_there && connected.insert(connect->endpoint).second) {
          service.on_connected(connect->endpoint, now);
        }
      } else if (auto* reset = std::get_if<ResetEndpoint>(&action)) {
        resets.push_back(reset->endpoint);
        connected.erase(reset->endpoint);
      } else if (auto* exit = std::get_if<Exit>(&action)) {
        exits.push_back(*exit);
      } else if (auto* event = std::get_if<LogEvent>(&action)) {
        logged.push_back(*event);
      }
    }
  }

  std::set<std::size_t> connected;  // endpoints
};

inline AllocationReply granted(const AllocationRequest& request) {
  AllocationReply reply;
  for (const auto& program : request.programs) {
    reply.programs.push_back({program.correlation_id, Status::kOk, {program.want.classrooms, program.want.labs, 0}});
  }
  return reply;
}

inline AllocationReply failed(const AllocationRequest& request, RequestError error) {
  AllocationReply reply;
  for (const auto& program : request.programs) reply.programs.push_back({program.correlation_id, error.status, {}});
  reply.error = std::move(error);
  return reply;
}

}  // namespace dti::faculty_test
