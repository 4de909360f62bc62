#include "transport/zeromq/envelope.hpp"

#include <algorithm>

namespace dti {

Unpacked unpack(std::span<const std::string_view> frames) {
  if (frames.size() > kFramesMax) return {.envelope = {}, .body = {}, .too_many_frames = true};
  if (frames.empty()) return {};

  // An empty last frame is not a delimiter: it is the body, or follows it.
  const auto last = frames.end() - 1;
  const auto delimiter = std::find(frames.begin(), last, std::string_view{});
  const auto body = delimiter == last ? frames.begin() : delimiter + 1;

  Unpacked unpacked;
  unpacked.envelope.before.assign(frames.begin(), body);
  unpacked.body = *body;
  if (body != last) unpacked.envelope.after = std::string{*(body + 1)};
  return unpacked;
}

}  // namespace dti
