#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <zmq.hpp>

#include "transport/zeromq/frames.hpp"

namespace dti::peers {

using Frames = std::vector<std::string>;

/// A socket of a scripted peer. Receiving has a bound, so that a test that fails does not hang.
inline zmq::socket_t make_peer(zmq::context_t& context, zmq::socket_type type) {
  zmq::socket_t socket(context, type);
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::rcvtimeo, 60'000);
  socket.set(zmq::sockopt::sndtimeo, 60'000);
  return socket;
}

/// A ROUTER on any free port, and its host:port.
struct ScriptedRouter {
  explicit ScriptedRouter(zmq::context_t& context) : socket(make_peer(context, zmq::socket_type::router)) {
    socket.bind("tcp://127.0.0.1:*");
    host_port = socket.get(zmq::sockopt::last_endpoint).substr(std::string("tcp://").size());
  }
  zmq::socket_t socket;
  std::string host_port;
};

/// The frames of the next message; none, and a failure of the test, if there is none in time.
inline Frames receive(zmq::socket_t& socket) {
  Frames frames;
  do {
    zmq::message_t frame;
    if (!socket.recv(frame)) {
      ADD_FAILURE() << "no message came";
      return {};
    }
    frames.push_back(frame.to_string());
  } while (socket.get(zmq::sockopt::rcvmore));
  return frames;
}

inline void send(zmq::socket_t& socket, const Frames& frames) {
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const auto flags = i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
    EXPECT_TRUE(socket.send(zmq::buffer(frames[i]), flags));
  }
}

}  // namespace dti::peers
