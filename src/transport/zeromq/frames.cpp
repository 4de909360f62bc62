#include "transport/zeromq/frames.hpp"

#include <cerrno>
#include <utility>

namespace dti {

std::optional<std::vector<zmq::message_t>> receive_frames(zmq::socket_t& socket, std::size_t frames_max) {
  zmq::message_t frame;
  if (!socket.recv(frame, zmq::recv_flags::dontwait)) return std::nullopt;
  std::vector<zmq::message_t> frames;
  frames.reserve(frames_max);
  bool more = frame.more();
  frames.push_back(std::move(frame));
  while (more) {
    if (!socket.recv(frame, zmq::recv_flags::dontwait)) return std::nullopt;
    more = frame.more();
    if (frames.size() < frames_max) frames.push_back(std::move(frame));
  }
  return frames;
}

SendResult send_frames(zmq::socket_t& socket, std::span<zmq::message_t> frames) {
  auto result = SendResult::kSent;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const bool last = i + 1 == frames.size();
    const auto flags = last ? zmq::send_flags::dontwait : zmq::send_flags::dontwait | zmq::send_flags::sndmore;
    try {
      // ZeroMQ checks the limit at the first frame. A later frame fails only if the peer has left. The remaining frames
      // must still be passed to ZeroMQ, which drops all frames up to the last one of the message.
      if (!socket.send(frames[i], flags)) result = i == 0 ? SendResult::kPeerFull : SendResult::kPeerGone;
    } catch (const zmq::error_t& error) {
      if (error.num() != EHOSTUNREACH) throw;
      result = SendResult::kPeerGone;
    }
    if (i == 0 && result != SendResult::kSent) return result;
  }
  return result;
}

SendResult send_frames(zmq::socket_t& socket, std::span<const std::string_view> frames) {
  std::vector<zmq::message_t> messages;
  messages.reserve(frames.size());
  for (const auto frame : frames) messages.emplace_back(frame.data(), frame.size());
  return send_frames(socket, std::span<zmq::message_t>(messages));
}

std::vector<std::string_view> frame_views(std::span<const zmq::message_t> frames) {
  std::vector<std::string_view> views;
  views.reserve(frames.size());
  for (const auto& frame : frames) views.push_back(frame.to_string_view());
  return views;
}

}  // namespace dti
