#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dti {

/// The frames around a body, to be put around its reply.
struct Envelope {
  std::vector<std::string> before;
  std::optional<std::string> after;

  friend bool operator==(const Envelope&, const Envelope&) = default;
};

/// A message taken apart. `body` views the frames that were given.
struct Unpacked {
  Envelope envelope;
  std::string_view body;
  bool too_many_frames = false;  // over kFramesMax: INVALID-REQUEST, in an empty envelope
};

inline constexpr std::size_t kFramesMax = 4;  // after the routing id

/// Finds the body: if a frame that is not the last is empty, the frame after the first such; else the first.
/// What stands before it, and at most one frame after it, is the envelope.
/// @param frames  those after the routing id; at least one
/// Source: docs/protocol.md, The envelope.
[[nodiscard]] Unpacked unpack(std::span<const std::string_view> frames);

}  // namespace dti
