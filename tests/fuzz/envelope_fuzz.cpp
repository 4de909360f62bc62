// Of any frames, unpack() finds the body by the rule of docs/protocol.md, and what stands before and after it comes
// back as it came. An input is a message: each line a frame.
#include "transport/zeromq/envelope.hpp"

#include "fuzz/claim.hpp"

namespace dti {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (;;) {
    const auto end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == text.npos) return lines;
    text.remove_prefix(end + 1);
  }
}

/// Where the body is: behind the first empty frame, the last one not counted; else in front.
std::size_t place_of_body(const std::vector<std::string_view>& frames) {
  for (std::size_t i = 0; i + 1 < frames.size(); ++i) {
    if (frames[i].empty()) return i + 1;
  }
  return 0;
}

void check(std::string_view text) {
  const auto frames = lines_of(text);
  const Unpacked unpacked = unpack(frames);
  claim(unpacked.too_many_frames == (frames.size() > 4), "four frames are taken, and no more");
  if (unpacked.too_many_frames) {
    claim(unpacked.envelope == Envelope{}, "too many frames are answered as one");
    return;
  }
  const std::size_t body = place_of_body(frames);
  claim(unpacked.body.data() == frames[body].data() && unpacked.body.size() == frames[body].size(),
        "the body is the frame that the rule names, and views it", unpacked.body);
  std::vector<std::string_view> around{unpacked.envelope.before.begin(), unpacked.envelope.before.end()};
  around.push_back("reply");
  if (unpacked.envelope.after) around.push_back(*unpacked.envelope.after);
  auto expected = frames;
  expected.resize(std::min(frames.size(), body + 2));  // one frame after the body, and nothing else
  expected[body] = "reply";
  claim(around == expected, "the reply goes into the envelope of the request");
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)
