#include "transport/zeromq/envelope.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace dti {
namespace {

using Frames = std::vector<std::string_view>;

struct Case {
  const char* name;
  Frames frames;
  std::vector<std::string> before;
  std::string_view body;
  std::optional<std::string> after;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {"an old faculty", {"body"}, {}, "body", {}},
      {"an old faculty through a proxy", {"body", "cid"}, {}, "body", "cid"},
      {"a REQ, a program of ours", {"", "body"}, {""}, "body", {}},
      {"a REQ with correlation", {"\1\2\3\4", "", "body"}, {"\1\2\3\4", ""}, "body", {}},
      {"a REQ through a proxy", {"", "body", "cid"}, {""}, "body", "cid"},
      {"four frames, delimiter first", {"", "body", "a", "b"}, {""}, "body", "a"},
      {"four frames, delimiter second", {"id", "", "body", "cid"}, {"id", ""}, "body", "cid"},
      {"four frames, delimiter third", {"x", "y", "", "body"}, {"x", "y", ""}, "body", {}},
      {"four frames, no delimiter", {"body", "a", "b", "c"}, {}, "body", "a"},
      {"three frames, no delimiter", {"body", "a", "b"}, {}, "body", "a"},
      {"nothing but an empty frame", {""}, {}, "", {}},
      {"two empty frames", {"", ""}, {""}, "", {}},
      {"three empty frames", {"", "", ""}, {""}, "", ""},
      {"an empty frame after the body", {"body", ""}, {}, "body", ""},
      {"an empty frame after a delimited body", {"", "body", ""}, {""}, "body", ""},
      {"an empty frame before the last", {"body", "", "x"}, {"body", ""}, "x", {}},
      {"an empty frame last of four", {"body", "a", "b", ""}, {}, "body", "a"},
  };
  return kCases;
}

TEST(Envelope, FindsTheBodyAndWhatStandsAroundIt) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const Unpacked unpacked = unpack(c.frames);
    EXPECT_EQ(unpacked.body, c.body);
    EXPECT_EQ(unpacked.envelope.before, c.before);
    EXPECT_EQ(unpacked.envelope.after, c.after);
    EXPECT_FALSE(unpacked.too_many_frames);
  }
}

TEST(Envelope, TheBodyViewsTheFrameThatWasGiven) {
  const std::string body = "body";
  const Frames frames = {"", body};
  EXPECT_EQ(unpack(frames).body.data(), body.data());
}

TEST(Envelope, MoreThanFourFramesAreRefusedAsOneFrame) {
  for (const Frames& frames :
       {Frames{"", "body", "a", "b", "c"}, Frames{"a", "b", "c", "d", "e", "f"}, Frames(1000, "")}) {
    const Unpacked unpacked = unpack(frames);
    EXPECT_TRUE(unpacked.too_many_frames);
    EXPECT_EQ(unpacked.envelope, Envelope{});
    EXPECT_EQ(unpacked.body, "");
  }
}

TEST(Envelope, NoFrameAtAllIsAnEmptyBody) {
  const Unpacked unpacked = unpack({});
  EXPECT_EQ(unpacked.envelope, Envelope{});
  EXPECT_EQ(unpacked.body, "");
}

}  // namespace
}  // namespace dti
