#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dti {

/// The frames around the body of a message. The reply gets the same frames.
struct Envelope {
  std::vector<std::string> before;
  std::optional<std::string> after;

  friend bool operator==(const Envelope&, const Envelope&) = default;
};

/// The parts of a message. `body` is a view of the frames that were passed to unpack().
struct Unpacked {
  Envelope envelope;
  std::string_view body;
  bool too_many_frames = false;  // more than kFramesMax: the reply is INVALID-REQUEST, with an empty envelope
};

inline constexpr std::size_t kFramesMax = 4;  // after the routing id

/// Finds the body. It is the frame after the first empty frame, if an empty frame is not the last one; otherwise it is
/// the first frame. The frames before it, and at most one frame after it, are the envelope.
/// @param frames  the frames after the routing id, at least one
/// Source: docs/protocol.md, The envelope.
[[nodiscard]] Unpacked unpack(std::span<const std::string_view> frames);

}  // namespace dti
