#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <zmq.hpp>

namespace dti {

/// Receives one whole message. Never blocks, because ZeroMQ delivers a message only when all its frames have arrived.
/// @param frames_max  the number of frames to keep. The other frames are read and dropped; a peer may send any number
/// @return the frames, at least one; none if there is no message
[[nodiscard]] std::optional<std::vector<zmq::message_t>> receive_frames(zmq::socket_t& socket, std::size_t frames_max);

/// The result of sending a message.
enum class SendResult {
  kSent,      // ZeroMQ has the whole message
  kPeerGone,  // nothing was sent: a ROUTER (MANDATORY) does not know the peer, or the peer left during the call
  kPeerFull,  // nothing was sent: the queue of the peer, or of all connections, is full
};

/// Sends one whole message, or nothing. Never blocks.
/// @param frames  at least one; for a ROUTER, the first is the routing id of the peer. They are empty after kSent
[[nodiscard]] SendResult send_frames(zmq::socket_t& socket, std::span<zmq::message_t> frames);

/// Sends copies of the frames.
[[nodiscard]] SendResult send_frames(zmq::socket_t& socket, std::span<const std::string_view> frames);

/// The bytes of each frame. The views are valid as long as the frames.
[[nodiscard]] std::vector<std::string_view> frame_views(std::span<const zmq::message_t> frames);

}  // namespace dti
