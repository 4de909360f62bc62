#pragma once

#include <algorithm>
#include <csignal>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <unistd.h>

#include <gtest/gtest.h>

#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/room_codec.hpp"
#include "dti/transport/faculty/faculty_node.hpp"
#include "unit/transport/peers.hpp"

namespace dti::faculty_node_test {

using peers::Frames;
using peers::receive;
using peers::send;
using namespace std::chrono_literals;

inline std::string room_request(const std::string& program, const std::string& semester = "2025-10") {
  return encode_room_request({.program_name = program, .semester = semester, .want = {7, 2}, .client_id = {}});
}

inline AllocationRequest request_in(const Frames& frames) {
  EXPECT_EQ(frames.size(), 2u) << "a faculty sends its body and nothing else";
  if (frames.size() != 2) return {};
  auto decoded = decode_allocation_request(frames[1]);
  EXPECT_TRUE(std::holds_alternative<AllocationRequest>(decoded));
  auto* request = std::get_if<AllocationRequest>(&decoded);
  return request ? std::move(*request) : AllocationRequest{};
}

inline std::string all_granted(const AllocationRequest& request) {
  Outcome outcome;
  for (const auto& program : request.programs) {
    outcome.programs.push_back({Status::kOk, {program.want.classrooms, program.want.labs, 0}});
  }
  return encode_allocation_reply(request, outcome);
}

// A node that runs in a thread of its own, between scripted programs and scripted servers.
class FacultyNodeTest : public ::testing::Test {
 protected:
  ~FacultyNodeTest() override {
    if (!exit_code_.valid()) return;
    kill(getpid(), SIGTERM);
    exit_code_.wait();
  }

  void start(FacultyNodeOptions options) {
    options.listen_at = {{"127.0.0.1", 0}};
    node_.emplace(std::move(options), [this](const LogEvent& event) {
      {
        const std::lock_guard lock{mutex_};
        logged_.push_back(event.event);
      }
      if (on_log_) on_log_(event);
    });
    exit_code_ = std::async(std::launch::async, [this] { return node_->run(stop_); });
  }

  FacultyNodeOptions options_for(const std::vector<std::string>& servers) {
    FacultyNodeOptions options;
    options.service.name = "derecho";
    options.service.client.endpoints = servers;
    options.service.programs_min = 1;
    options.service.client.request_timeout = 10s;
    return options;
  }

  zmq::socket_t program() {
    auto socket = peers::make_peer(context_, zmq::socket_type::dealer);
    socket.connect(node_->endpoint());
    return socket;
  }

  // The server grants the next request in full.
  AllocationRequest serve() {
    const auto frames = receive(server_.socket);
    const auto request = request_in(frames);
    if (!frames.empty()) send(server_.socket, {frames[0], all_granted(request)});
    return request;
  }

  bool was_logged(const std::string& event) {
    const std::lock_guard lock{mutex_};
    return std::find(logged_.begin(), logged_.end(), event) != logged_.end();
  }

  StopSignals stop_;  // before any thread
  zmq::context_t context_;
  peers::ScriptedRouter server_{context_};
  std::mutex mutex_;
  std::vector<std::string> logged_;
  LogSink on_log_;  // called in the node's thread; set it before start()
  std::optional<FacultyNode> node_;
  std::future<int> exit_code_;
};

}  // namespace dti::faculty_node_test
