#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <zmq.hpp>

namespace dti {

/// Takes one whole message, if one waits. Never blocks: ZeroMQ hands over a message once all its frames are here.
/// @param frames_max  so many frames are kept, and the rest are read and let go: a peer may send any number of them
/// @return the frames, at least one; none if nothing waits
[[nodiscard]] std::optional<std::vector<zmq::message_t>> receive_frames(zmq::socket_t& socket, std::size_t frames_max);

/// What became of a message.
enum class SendResult {
  kSent,      // handed to ZeroMQ, all of it
  kPeerGone,  // nothing of it is sent: a ROUTER (MANDATORY) knows no such peer, or the peer left half-way
  kPeerFull,  // nothing of it is sent: the peer does not take its messages, or no connection takes any
};

/// Sends one message or nothing of it. Never blocks.
/// @param frames  at least one; for a ROUTER the first is the peer's routing id. They are empty after kSent.
[[nodiscard]] SendResult send_frames(zmq::socket_t& socket, std::span<zmq::message_t> frames);

/// The same, copying the frames.
[[nodiscard]] SendResult send_frames(zmq::socket_t& socket, std::span<const std::string_view> frames);

/// The bytes of each frame; they live as long as the frames.
[[nodiscard]] std::vector<std::string_view> frame_views(std::span<const zmq::message_t> frames);

}  // namespace dti
